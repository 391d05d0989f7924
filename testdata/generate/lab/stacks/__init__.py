"""TLS stacks other than Python's own ssl module, behind the same face: a context with wrap_bio()."""
