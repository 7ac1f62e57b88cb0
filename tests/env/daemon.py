"""daemon.py SOCKET|0 FOLDER: a stand-in for a Docker daemon, for registry.t: the few answers of its API that skopeo asks
for, over a unix socket or, with 0, a port of loopback that the system chooses. The image NAME is FOLDER/NAME as
`docker save` would write it, with %2F for a slash. Changes nothing; prints where it listens and what it was asked."""
import http.server
import json
import os
import socketserver
import sys
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Api-Version", "1.47")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        names = urllib.parse.parse_qs(url.query).get("names", [])
        if url.path.endswith("/_ping"):
            self.reply(200, b"OK", "text/plain")
        elif url.path.startswith("/v1.") and url.path.endswith("/images/get") and len(names) == 1:
            file = os.path.join(sys.argv[2], urllib.parse.quote(names[0], safe=":"))
            if os.path.isfile(file):
                with open(file, "rb") as image:
                    self.reply(200, image.read(), "application/x-tar")
            else:
                self.reply(404, json.dumps({"message": "reference does not exist: " + names[0]}).encode())
        else:
            self.reply(404, json.dumps({"message": "page not found"}).encode())

    do_HEAD = do_GET

    def address_string(self):
        return "client"

    def log_message(self, format, *args):
        print(format % args, flush=True)


if sys.argv[1] == "0":
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    print("listening on tcp://127.0.0.1:%d" % server.server_address[1], flush=True)
else:
    server = socketserver.ThreadingUnixStreamServer(sys.argv[1], Handler)
    print("listening on unix://" + sys.argv[1], flush=True)
server.daemon_threads = True
server.serve_forever()
