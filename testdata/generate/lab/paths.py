"""Where things are read from and written to."""
from pathlib import Path

GENERATE = Path(__file__).resolve().parent.parent
TESTDATA = GENERATE.parent
OPENSSL_CONF = GENERATE / "openssl.cnf"
