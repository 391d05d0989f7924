// A TLS engine for lab/stacks/child.py in Pike 8.0.
SSL.Context ctx = SSL.Context();
object conn;
mapping settings;
string clear = "", tls = "";
int(0..1) closed, failed;

void collect() {
  while (1) {
    string|int part = conn->to_write();
    if (!stringp(part) || !sizeof(part)) return;
    tls += part;
  }
}

array run(string operation, string data) {
  switch (operation) {
  case "s":
    settings = Standards.JSON.decode(data);
    ctx->random = Crypto.Random.random_string;
    ctx->preferred_suites = (array(int))settings->suites;
    ctx->min_version = ctx->max_version = settings->version;
    ctx->verify_certificates = 0;
    ctx->encrypt_then_mac = 0;
    if (settings->cert) {
      object key = Standards.PKCS.RSA.parse_private_key(Standards.PEM.simple_decode(Stdio.read_file(settings->key)));
      ctx->add_cert(key, ({ Standards.PEM.simple_decode(Stdio.read_file(settings->cert)) }), ({ "*" }));
    }
    conn = settings->server ? SSL.ServerConnection(ctx) : SSL.ClientConnection(ctx, settings->name);
    conn->alert_callback = lambda (object alert, mixed ... rest) { return 1; };
    return ({ "k", "" });
  case "f": string|int got = conn->got_data(data);
    if (stringp(got)) clear += got; else closed = 1;
    return ({ "k", "" });
  case "h":
    if (closed) return ({ "e", "closed in the handshake" });
    return ({ conn->state & SSL.Constants.CONNECTION_handshaking ? "w" : "k", "" });
  case "r":
    if (sizeof(clear)) { string all = clear; clear = ""; return ({ "k", all }); }
    return ({ closed ? "z" : "w", "" });
  case "w":
    for (int at = 0; at < sizeof(data);) at += conn->send_streaming_data(data[at..]);
    return ({ "k", "" });
  case "c":
    conn->send_close();
    return ({ "k", "" });
  case "i":
    return ({ "k", Standards.JSON.encode(([ "suite": conn->session->cipher_suite, "version": conn->version,
      "master": String.string2hex(conn->session->master_secret) ])) });
  }
}

int main() {
  while (1) {
    string head = Stdio.stdin->read(5);
    if (sizeof(head) < 5) return 0;
    int length;
    sscanf(head[1..], "%4c", length);
    string data = length ? Stdio.stdin->read(length) : "";
    array answer;
    if (mixed error = catch { answer = run(head[..0], data); })
      answer = ({ "e", describe_backtrace(error) });
    if (conn) collect();
    Stdio.stdout->write("%s%4c%s%4c%s", answer[0], sizeof(answer[1]), answer[1], sizeof(tls), tls);
    tls = "";
  }
}
