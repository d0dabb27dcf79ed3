"""Training without a framework: what happens when, and what is kept. The steps themselves are an engine's."""
