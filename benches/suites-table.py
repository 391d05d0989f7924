#!/usr/bin/env python3
"""Prints the table of docs/suites.md: one row for each version and suite of testdata/, and how it was opened.

Usage: cargo build --release && benches/suites-table.py"""
import json,glob,subprocess,os
from collections import defaultdict
ROOT=os.path.dirname(os.path.dirname(os.path.abspath(__file__))); B=ROOT+'/target/release/smtp-decrypt'
rows=defaultdict(lambda:[0,0,set(),set()])
for f in sorted(glob.glob(ROOT+'/testdata/*/*/*.json'),key=os.path.basename):
    d=json.load(open(f)); name=os.path.basename(f)[:-5]; os.chdir(os.path.dirname(f))
    if not d['complete']: continue
    a=[B,'--format','json']+(['--keys',d['keys']] if d.get('keys') else [])+(['--keylog',d['keylog']] if d.get('keylog') else [])
    r=json.loads(subprocess.run(a+d['files'],capture_output=True).stdout)
    for c,s in zip(d['connections'],r['sessions']):
        t=c['tls']
        if not t or not t.get('established') or not s['tls'] or c.get('expected_reason') and not c.get('expected_outcome_with_keylog'): continue
        if not s['tls']['cipher_suite']: continue
        k=(s['tls']['version'],s['tls']['cipher_suite_id'],s['tls']['cipher_suite'])
        w=rows[k]; w[1]+=1
        dec=s['tls']['decryption']
        if dec['status']=='decrypted': w[0]+=1
        w[2].add(dec['secret'] or '-'); w[3].add(name)
print("| version | suite | | opened by | captures |\n|---|---|---|---|---|")
for k in sorted(rows,key=lambda k:(['SSLv2','SSLv3','TLSv1.0','TLSv1.1','TLSv1.2','TLSv1.3'].index(k[0]),k[1])):
    w=rows[k]; c=sorted(w[3]); c=', '.join(f'`{x}`' for x in c[:3])+(f' and {len(w[3])-3} more' if len(w[3])>3 else '')
    print(f"| {k[0]} | `{k[1]}` {k[2]} | {w[0]} of {w[1]} | {', '.join(sorted(w[2]))} | {c} |")
