"""Importing this package registers every scene."""
from captures import (bad_certificates, bad_handshakes, bad_mails, bad_network, extensions, failures, features, files,  # noqa: F401
                      forward_secrecy, keys, loss, mails, network, ports, resumption, stacks, suites)
