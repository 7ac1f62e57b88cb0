"""A small web application: says hello, and tells how often it was asked."""

import http.server
import itertools
import json

count = itertools.count(1)


class Application(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/":
            self.send_error(404)
            return
        body = json.dumps({"hello": "from an enclave", "asked": next(count)}).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


with http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Application) as server:
    print("python: serving on port", server.server_port)
    server.serve_forever()
