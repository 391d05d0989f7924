"""One session across several files."""
import time

from lab.acts import python_to_postfix
from lab.mails import SENDER, RECIPIENT, simple, stuffed
from lab.scene import scene
from lab.smtp_client import EHLO

PAUSE = 1.2  # longer than tcpdump's -G 1, so that the next packet opens a new file


@scene("rotated", "one slow session across several files (tcpdump -G 1)", 587, rotate=True,
       tcpdump_options=("-G", "1"))
def rotated(studio):
    mail = simple("rotated")

    def talk(client):
        client.reply()
        client.command(EHLO)
        time.sleep(PAUSE)
        client.expect("STARTTLS", 220)
        client.start_tls(studio.client_context(), "starttls")
        client.expect(EHLO, 250)
        time.sleep(PAUSE)
        client.expect(f"MAIL FROM:<{SENDER}>", 250)
        client.expect(f"RCPT TO:<{RECIPIENT}>", 250)
        client.expect("DATA", 354)
        half = len(stuffed(mail)) // 2
        client.send(stuffed(mail)[:half])
        time.sleep(PAUSE)
        client.send(stuffed(mail)[half:])
        client.reply()
        client.quit()
    return [python_to_postfix(studio, talk)]
