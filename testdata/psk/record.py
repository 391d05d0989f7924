"""talk.py OUT.pcap KIND: one SMTP session over a TLS 1.3 external PSK, each end a program driven by its pipes"""
import subprocess, sys, time
out, kind, port = sys.argv[1], sys.argv[2], '465'
KEY = '000102030405060708090a0b0c0d0e0f'
def pipe(c): return subprocess.Popen(c, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open('/tmp/err.'+c[0]+('.s' if 'serv' in ' '.join(c) else '.c'), 'w'))
import os
os.environ['SSLKEYLOGFILE'] = '/tmp/' + kind + '.keylog'
if 'gnutls' in kind:
    open('/tmp/psk.txt', 'w').write('lab:' + KEY + '\n')
    kx = '+DHE-PSK:+ECDHE-PSK' if 'dhe' in kind else '+PSK'
    prio = 'NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:' + kx
    srv = ['gnutls-serv', '-p', port, '--pskpasswd', '/tmp/psk.txt', '--priority', prio, '-q']
    cli = ['gnutls-cli', '-p', port, '--pskusername', 'lab', '--pskkey', KEY, '--priority', prio, '127.0.0.1']
else:
    srv = ['openssl', 's_server', '-quiet', '-accept', port, '-nocert', '-psk', KEY, '-psk_identity', 'lab', '-tls1_3', '-allow_no_dhe_kex', '-groups', 'P-256', '-ciphersuites', 'TLS_AES_128_GCM_SHA256']
    cli = ['openssl', 's_client', '-quiet', '-connect', '127.0.0.1:' + port, '-psk', KEY, '-psk_identity', 'lab', '-tls1_3', '-allow_no_dhe_kex', '-groups', 'P-256' if 'dhe' in kind and 'retry' not in kind else 'X448', '-ciphersuites', 'TLS_AES_128_GCM_SHA256', '-keylogfile', os.environ['SSLKEYLOGFILE']]
dump = subprocess.Popen(['tcpdump', '-i', 'lo', '-U', '-w', out, 'port', port], stderr=subprocess.PIPE)
dump.stderr.readline()
s = pipe(srv); time.sleep(1)
c = pipe(cli); time.sleep(1)
def say(p, text): p.stdin.write(text.encode()); p.stdin.flush(); time.sleep(.2)
if 'gnutls' not in kind:
    say(s, '220 mail.example.com ESMTP\r\n'); say(c, 'EHLO client.example.org\r\n'); say(s, '250 mail.example.com\r\n'); say(c, 'MAIL FROM:<a@example.org>\r\n'); say(s, '250 ok\r\n')
    say(c, 'RCPT TO:<b@example.com>\r\n'); say(s, '250 ok\r\n'); say(c, 'DATA\r\n'); say(s, '354 go\r\n'); say(c, 'Subject: psk\r\n\r\nhello\r\n.\r\n'); say(s, '250 taken\r\n'); say(c, 'QUIT\r\n'); say(s, '221 bye\r\n')
else:
    say(c, 'EHLO client.example.org\r\n'); say(c, 'QUIT\r\n')
time.sleep(.3)
c.stdin.close(); c.terminate(); c.wait(); time.sleep(.3); s.terminate(); s.wait(); time.sleep(.3); dump.terminate(); dump.wait()
print(c.stdout.read()[-300:])
