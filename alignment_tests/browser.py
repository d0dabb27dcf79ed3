"""A page in a real browser: what a script finds in it, after no error at all."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
)
BEFORE = """<script>
const problems = [];
addEventListener("error", (event) => problems.push(event.message));
addEventListener("securitypolicyviolation", (event) => problems.push(event.violatedDirective));
</script>"""
TOOLS = """
const $ = (selector) => document.querySelector(selector);
const $$ = (selector) => [...document.querySelectorAll(selector)];
"""


def browse(folder: Path, page: str, script: str, *, width: int, tools: str = "") -> Any:
    """What the body of a script returned in a window that wide; `$` and `$$` find one element and all.

    `tools` are definitions for it. Asserts that there was no error, nothing on the console and no breach of the page's
    security policy. Files go into `folder`.
    """
    probe = (
        f"<pre id=probe></pre><script>{TOOLS}{tools}const found = (() => {{{script}}})();"
        "document.getElementById('probe').textContent = JSON.stringify({ found, problems });</script></body>"
    )
    (folder / "page.html").write_text(page.replace("<head>", f"<head>{BEFORE}", 1).replace("</body>", probe))
    # A frame, because a window has a least width of its own.
    frame = folder / "frame.html"
    frame.write_text(
        f'<iframe src="page.html" width="{width}" height="900" style="border:0"></iframe><pre id=probe></pre>'
        "<script>"
        "addEventListener('load', () => { document.getElementById('probe').textContent = "
        "frames[0].document.getElementById('probe').textContent; });</script>"
    )
    command = [
        CHROMIUM,
        *QUIET,
        "--allow-file-access-from-files",
        f"--user-data-dir={folder / 'profile'}",
        "--dump-dom",
        frame.as_uri(),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    answer = json.loads(unescape(re.search("<pre id=.?probe.?>(.*?)</pre>", run.stdout, re.DOTALL)[1]))
    assert answer["problems"] == []
    assert "CONSOLE" not in run.stderr
    return answer["found"]
