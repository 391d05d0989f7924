"""Importing this package registers every scene."""
from captures import (extensions, failures, features, files, forward_secrecy, keys, loss, mails, network, ports,  # noqa: F401
                      resumption, stacks, suites)
