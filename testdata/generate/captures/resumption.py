"""Resumed sessions: their keys come from an earlier handshake."""
from lab.acts import python_to_python
from lab.mails import simple
from lab.scene import Expected, scene
from lab.smtp_server import Behaviour


def two_connections(studio, tickets, before_second=lambda: None):
    """A full handshake, then a resumed one; the same contexts, or nothing could be resumed."""
    client_context = studio.client_context(tickets=tickets)
    server_context = studio.server_context(tickets=tickets)
    remembered = []

    def talk(client, number):
        client.open_starttls(client_context, session=remembered[0] if remembered else None)
        remembered.append(client.tls.session)
        client.send_mail(simple(f"{studio.scene.name}_{number}"))
        client.quit()
        if number == 0:
            before_second()
    recordings = python_to_python(studio, Behaviour(server_context), talk, count=2)
    assert [recording.tls.resumed for recording in recordings] == [False, True]
    return recordings


@scene("resume_ticket", "TLS 1.2: a full handshake and one resumed with a session ticket", 2587)
def resume_ticket(studio):
    return two_connections(studio, tickets=True)


@scene("resume_session_id", "TLS 1.2: a full handshake and one resumed with a session ID (no tickets)", 2587)
def resume_session_id(studio):
    return two_connections(studio, tickets=False)


@scene("resume_orphan", "only the resumed connection is in the capture: its keys are not to be had", 2587,
       late=True, expected=Expected("unknown", "resumed_without_handshake"))
def resume_orphan(studio):
    # Started between the two connections, tcpdump sees the second one from its SYN.
    return two_connections(studio, tickets=True, before_second=studio.sniffer.start)[1:]
