"""The command line: one file a command. Each parses, calls, prints and exits, and computes nothing itself."""
