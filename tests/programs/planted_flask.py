# SPDX-License-Identifier: MIT
"""A Flask application that leaks 100 bytes a request. Usage: planted_flask.py; prints its port, and tells at /held what it leaked."""
import sys

import flask
from werkzeug.serving import make_server

application = flask.Flask(__name__)
sessions = []
EMPTY = sys.getsizeof(sessions)


@application.route("/job/<int:number>")
def work(number):
    sessions.append(bytearray(43))  # PLANTED request
    return flask.jsonify(number=number, text="x" * 1000)


@application.route("/held")
def held():
    return "PLANTED request %d" % (sum(map(sys.getsizeof, sessions)) + sys.getsizeof(sessions) - EMPTY)


server = make_server("127.0.0.1", 0, application, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
