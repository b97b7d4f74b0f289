# SPDX-License-Identifier: MIT
"""A server of profiles for the tests: it keeps what it was sent, and answers as it was told."""
import http.server
import socket
import threading
import time


class Request:
    def __init__(self, handler, body):
        self.method, self.target, self.headers, self.body = handler.command, handler.path, handler.headers, body
        self.at = time.monotonic()


class Server:
    """`answers`: (status, headers, body) of each request in turn, or 'hang up', or 'silence'; then 200."""

    def __init__(self, *answers):
        self.requests, self.answers, self.over = [], list(answers), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                outer.requests.append(Request(self, body))
                answer = outer.answers.pop(0) if outer.answers else (200, {}, b'')
                if answer == 'silence':
                    outer.over.wait()
                if answer in ('hang up', 'silence'):
                    self.close_connection = True
                    return
                status, headers, text = answer
                self.send_response(status)
                for name, value in {**headers, 'Content-Length': str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET = do_PUT = handle_one

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.http.shutdown()
        self.http.server_close()

    @property
    def port(self):
        return self.http.server_address[1]

    def url(self, path='', host='127.0.0.1', secret=''):
        return 'http://%s%s:%d%s' % (secret, host, self.port, path)


def dead_port():
    """A port of this machine where nobody listens."""
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]
