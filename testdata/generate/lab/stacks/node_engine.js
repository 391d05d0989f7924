// A TLS engine for lab/stacks/child.py in node 0.8.
var fs = require('fs'), crypto = require('crypto'), binding = process.binding('crypto');
var conn, settings;

function readExactly(count) {
  var buffer = new Buffer(count), at = 0;
  while (at < count) {
    var got = fs.readSync(0, buffer, at, count - at, null);
    if (got === 0) process.exit(0);
    at += got;
  }
  return buffer;
}
function writeAll(buffer) {
  for (var at = 0; at < buffer.length;) at += fs.writeSync(1, buffer, at, buffer.length - at, null);
}
function withLength(buffer) {
  var head = new Buffer(4);
  head.writeUInt32BE(buffer.length, 0);
  return Buffer.concat([head, buffer]);
}
function tlsBytes() {
  var parts = [], chunk = new Buffer(65536), got;
  while (conn && (got = conn.encOut(chunk, 0, chunk.length)) > 0) parts.push(new Buffer(chunk.slice(0, got)));
  return Buffer.concat(parts);
}
var encoded = [];
function feed(data) {
  for (var at = 0; at < data.length;) {
    var taken = conn.encIn(data, at, data.length - at);
    if (taken <= 0) break;
    at += taken;
  }
}
function failed() {
  if (process.env.LAB_DEBUG && conn.error) console.error(conn.error);
  if (!conn.error) return null;
  var words = String(conn.error.message || conn.error);
  conn.error = null;
  return ['e', new Buffer(words)];
}
var clear = [];
function pump() {
  var chunk = new Buffer(65536), got;
  while ((got = conn.clearOut(chunk, 0, chunk.length)) > 0) clear.push(new Buffer(chunk.slice(0, got)));
}
var operations = {
  s: function (data) {
    settings = JSON.parse(data.toString());
    var credentials = crypto.createCredentials({
      key: settings.key, cert: settings.cert, ciphers: settings.ciphers, secureProtocol: settings.method,
      secureOptions: settings.options || 0
    });
    if (settings.server) credentials.context.setSessionIdContext('lab');
    conn = new binding.Connection(credentials.context, settings.server, settings.server ? false : null, false);
    conn.onhandshakestart = conn.onhandshakedone = function () {};
    if (settings.session) conn.setSession(new Buffer(settings.session, 'hex'));
    return ['k', ''];
  },
  f: function (data) { feed(data); return ['k', '']; },
  h: function () {
    if (!conn.started) { conn.started = true; conn.start(); }
    pump();
    if (!conn.isInitFinished() && !conn.error) { conn.clearIn(new Buffer(0), 0, 0); if (!conn.error) pump(); }
    return failed() || (conn.isInitFinished() ? ['k', ''] : ['w', '']);
  },
  r: function () {
    pump();
    if (clear.length) { var all = Buffer.concat(clear); clear = []; return ['k', all]; }
    return failed() || (conn.receivedShutdown() ? ['z', ''] : ['w', '']);
  },
  w: function (data) {
    for (var at = 0; at < data.length;) {
      var taken = conn.clearIn(data, at, data.length - at);
      if (taken <= 0) return failed() || ['e', new Buffer('write refused')];
      at += taken;
    }
    return ['k', ''];
  },
  c: function () { conn.shutdown(); return ['k', '']; },
  i: function () {
    return ['k', JSON.stringify({session: new Buffer(conn.getSession(), 'binary').toString('hex'), cipher: conn.getCurrentCipher().name,
      resumed: !!conn.isSessionReused()})];
  }
};
for (;;) {
  var head = readExactly(5);
  var data = readExactly(head.readUInt32BE(1));
  var answer;
  try { answer = operations[String.fromCharCode(head[0])](data); } catch (error) { answer = ['e', String(error.message)]; }
  writeAll(Buffer.concat([new Buffer(answer[0]), withLength(new Buffer(answer[1])), withLength(tlsBytes())]));
}
