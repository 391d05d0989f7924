"""Importing this package registers every scene."""
from captures import (extensions, failures, files, forward_secrecy, keys, mails, network, ports, resumption,  # noqa: F401
                      suites)
