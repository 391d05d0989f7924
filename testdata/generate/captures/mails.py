"""What is sent: dots, pipelining, several mails."""
from lab.acts import python_to_postfix
from lab.mails import RECIPIENT, SENDER, dotted, large, simple, stuffed
from lab.scene import scene
from lab.smtp_client import EHLO


@scene("plain", "no TLS at all; lines of the mail start with dots, Postfix and Python", 25, has_keys=False)
def plain(studio):
    mail = dotted("plain")

    def talk(client):
        client.reply()
        client.command(EHLO)
        client.send_mail(mail)
        client.quit()
    return [python_to_postfix(studio, talk, port=25)]


@scene("pipelining", "MAIL, RCPT three times (one refused) and DATA in one write; the mail and QUIT in another", 587)
def pipelining(studio):
    mail = simple("pipelining")

    def talk(client):
        client.open_starttls(studio.client_context(cipher="AES128-GCM-SHA256"))
        recipients = [RECIPIENT, "nobody@example.com", "second@example.com"]
        lines = [f"MAIL FROM:<{SENDER}>", *[f"RCPT TO:<{each}>" for each in recipients], "DATA"]
        client.send("".join(line + "\r\n" for line in lines).encode())
        for _ in lines:
            client.reply()
        client.send(stuffed(mail) + b"QUIT\r\n")
        client.reply()
        client.reply()
        client.close()
    return [python_to_postfix(studio, talk)]


@scene("several_mails", "three mails in one connection, RSET between: a small one, one with dots, one above 40 KB", 587)
def several_mails(studio):
    mails = [simple("several_mails"), dotted("several_mails_dots"), large("several_mails_large", 45000)]

    def talk(client):
        client.open_starttls(studio.client_context())
        for mail in mails:
            client.send_mail(mail)
            client.expect("RSET", 250)
        client.quit()
    return [python_to_postfix(studio, talk)]


@scene("bdat", "BDAT: one mail in two chunks, with lines that look like commands and dots that are not doubled", 587)
def bdat(studio):
    mail = dotted("bdat") + b"QUIT\r\nMAIL FROM:<nobody@example.org>\r\n.\r\n"
    half = len(mail) // 2

    def talk(client):
        client.open_starttls(studio.client_context(cipher="AES128-GCM-SHA256"))
        client.expect(f"MAIL FROM:<{SENDER}>", 250)
        client.expect(f"RCPT TO:<{RECIPIENT}>", 250)
        client.send(f"BDAT {half}\r\n".encode() + mail[:half])
        client.reply()
        client.send(f"BDAT {len(mail) - half} LAST\r\n".encode() + mail[half:])
        client.reply()
        client.quit()
    return [python_to_postfix(studio, talk)]
