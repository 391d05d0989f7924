"""A private Postfix: own configuration, queue, log and mailboxes; ports 25, 465, 587 and 10025 (PROXY protocol)
and 10587 (impatient), 10465 and 10026 (PROXY protocol ahead of TLS, and before postscreen)."""
import pwd
import re
import shutil
import subprocess
import time
from pathlib import Path

from lab.paths import OPENSSL_CONF
from lab.recording import Recording, TlsFacts, official_version

PORTS = (25, 465, 587, 10025, 10026, 10465, 10587)

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {work}/queue
data_directory = {work}/data
maillog_file = {work}/maillog
maillog_file_prefixes = {work}
myhostname = mail.example.com
mydestination =
mynetworks_style = host
inet_interfaces = all
inet_protocols = all
biff = no
append_dot_mydomain = no
local_recipient_maps =
alias_maps =
alias_database =
smtpd_banner = $myhostname ESMTP Postfix
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = example.com
virtual_mailbox_base = {work}/mailboxes
virtual_mailbox_maps = inline:{{ {{rcpt@example.com = rcpt/}} {{second@example.com = second/}} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
# A log that tells each command and reply: the server's own word against which the clients' taps are compared.
debug_peer_list = 0.0.0.0/0, [::]/0
debug_peer_level = 1
smtpd_client_port_logging = yes
# TLS: everything is allowed, the client of each capture chooses.
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C OPENSSL_CONF={openssl_conf}
smtpd_tls_security_level = may
smtpd_tls_chain_files = {pki}/server.key, {pki}/server.crt
smtpd_tls_loglevel = 1
smtpd_tls_protocols = >=TLSv1
smtpd_tls_mandatory_protocols = >=TLSv1
smtpd_tls_ciphers = medium
smtpd_tls_mandatory_ciphers = medium
tls_medium_cipherlist = ALL:@SECLEVEL=0
smtpd_tls_session_cache_database =
# Several captures make the same client connect again and again.
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_error_sleep_time = 0
postscreen_greet_wait = 1s
postscreen_cache_map =
"""

MASTER_CF = """
25                  inet  n - n - - smtpd
465                 inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes
587                 inet  n - n - - smtpd -o smtpd_tls_security_level=encrypt
10025               inet  n - n - - smtpd -o smtpd_upstream_proxy_protocol=haproxy
10465               inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_upstream_proxy_protocol=haproxy
10026               inet  n - n - 1 postscreen -o postscreen_upstream_proxy_protocol=haproxy
smtpd               pass  - - n - - smtpd
dnsblog             unix  - - n - 0 dnsblog
tlsproxy            unix  - - n - 0 tlsproxy
10587               inet  n - n - - smtpd -o smtpd_timeout=3s
cleanup             unix  n - n - 0 cleanup
qmgr                unix  n - n 300 1 qmgr
tlsmgr              unix  - - n 1000? 1 tlsmgr
rewrite             unix  - - n - - trivial-rewrite
bounce              unix  - - n - 0 bounce
defer               unix  - - n - 0 bounce
trace               unix  - - n - 0 bounce
error               unix  - - n - - error
retry               unix  - - n - - error
proxymap            unix  - - n - - proxymap
anvil               unix  - - n - 1 anvil
virtual             unix  - n n - - virtual
postlog             unix-dgram n - n - 1 postlogd
"""


class Postfix:
    def __init__(self, work, pki):
        self.work = Path(work) / "postfix"
        self.pki = pki
        self.running = False

    def start(self):
        if self.running:
            return
        for folder in ["config", "queue", "data", "mailboxes"]:
            (self.work / folder).mkdir(parents=True)
        nobody = pwd.getpwnam("nobody")
        shutil.chown(self.work / "data", "postfix")
        shutil.chown(self.work / "mailboxes", "nobody")
        settings = MAIN_CF.format(work=self.work, pki=self.pki, uid=nobody.pw_uid, gid=nobody.pw_gid,
                                  openssl_conf=OPENSSL_CONF)
        (self.work / "config/main.cf").write_text(settings)
        (self.work / "config/master.cf").write_text(MASTER_CF)
        self._command("start")
        self.running = True

    def stop(self):
        if self.running:
            self._command("stop")
            self.running = False

    def _command(self, word):
        done = subprocess.run(["postfix", "-c", self.work / "config", word], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"postfix {word}: {done.stdout}{done.stderr}{self.log()}")

    def log(self):
        log = self.work / "maillog"
        return log.read_text(errors="replace") if log.exists() else ""

    def watch(self):
        """A view of what happens from now on."""
        self.start()
        return Watch(self)

    def mailbox(self, user="rcpt"):
        """Delivered mails, oldest first."""
        folder = self.work / "mailboxes" / user / "new"
        files = sorted(folder.glob("*"), key=lambda file: file.stat().st_mtime_ns) if folder.exists() else []
        return [file.read_bytes() for file in files]


class Watch:
    """What Postfix logged about the connections since the watch began."""

    def __init__(self, postfix):
        self.postfix = postfix
        self.start = len(postfix.log())
        self.delivered = len(postfix.mailbox())

    def lines(self):
        return self.postfix.log()[self.start:].splitlines()

    def wait_for(self, pattern, count=1):
        """Log lines that match; the log is written by a process of its own, a moment later."""
        for _ in range(100):
            found = [match for line in self.lines() if (match := re.search(pattern, line))]
            if len(found) >= count:
                return found
            time.sleep(0.1)
        raise RuntimeError(f"Postfix did not log {pattern!r}:\n" + "\n".join(self.lines()))

    def client_addresses(self, count=1):
        self.wait_for(r"\]: disconnect from ", count)
        found = self.wait_for(r"\]: connect from \S+\[(.*)\]:(\d+)$", count)
        return [f"[{m[1]}]:{m[2]}" if ":" in m[1] else f"{m[1]}:{m[2]}" for m in found]

    def tls_facts(self, mode):
        """Version and cipher in the words of the server's TLS library."""
        found = self.wait_for(r"TLS connection (established|reused) from \S+: (\S+) with cipher (\S+)")[-1]
        return TlsFacts(mode, True, official_version(found[2]), found[3], resumed=found[1] == "reused")

    def dialogue(self, client=None):
        """Commands and replies as the server logged them, of one client: (c2s lines, s2c lines)."""
        self.wait_for(r"\]: disconnect from ")
        who = r"\S+" if client is None else r"\S+" + re.escape(log_form(client))
        said = [m for line in self.lines() if (m := re.search(rf"\]: ([<>]) {who}: (.*)$", line))]
        return [m[2] for m in said if m[1] == "<"], [m[2] for m in said if m[1] == ">"]

    def plain_phase(self):
        """Both directions up to the reply to STARTTLS, from the server's log (s_client hides that part)."""
        commands, replies = self.dialogue()
        before = commands[:commands.index("STARTTLS") + 1]
        ready = next(at for at, reply in enumerate(replies) if reply.startswith("220 2.0.0 Ready"))
        return as_bytes(before), as_bytes(replies[:ready + 1])

    def new_mails(self, count):
        for _ in range(100):
            mails = self.postfix.mailbox()[self.delivered:]
            if len(mails) >= count:
                return mails
            time.sleep(0.1)
        raise RuntimeError(f"Postfix delivered {len(mails)} mails instead of {count}")


def log_form(address):
    """"127.0.0.1:4711" or "[::1]:4711" -> the form in Postfix's log, "[127.0.0.1]:4711"."""
    host, port = address.rsplit(":", 1)
    return f"[{host.strip('[]')}]:{port}"


def as_bytes(lines):
    return "".join(line + "\r\n" for line in lines).encode()
