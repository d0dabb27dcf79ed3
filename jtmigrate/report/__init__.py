"""One `DiffResult`, four readers: a terminal, a program (JSON), a pull request (Markdown), a browser (HTML)."""
