# SPDX-License-Identifier: MIT
"""Subjects with a server that is asked and ended."""
import os
import re
import signal
import socket
import subprocess

from common import REDIS, program, wait_until

NOBODY = 65534


class Redis:
    """A server with jemalloc and threads, its benchmark, and a BGSAVE: a child that writes while the parent works on."""

    name = "redis"
    logs = {"redis-server": 3, "redis-benchmark": 1}  # the server, its child, the server again

    def prepare(self):
        self.server, self.client, self.benchmark = (program(name, "redis-tools") for name in REDIS)

    def ask(self, run, *command):
        return subprocess.run([self.client, "-s", run.path("s"), *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(run.environment, LD_PRELOAD=""), text=True).stdout

    def start(self, run):
        # The child of a BGSAVE calls itself redis-rdb-bgsave and the server redis-server *: not with this.
        server = run.start("redis-server", "--port", "0", "--unixsocket", run.path("s"), "--save", "", "--set-proc-title", "no",
                           "--dbfilename", "dump.rdb", "--enable-debug-command", "yes", executable=self.server)
        wait_until(server, lambda: self.ask(run, "ping").strip() == "PONG")
        return server

    def run(self, run):
        server = self.start(run)
        try:
            for i in range(5):
                run.say("populate", self.ask(run, "debug", "populate", "20000", f"k{i}", "60"))
            run.say("status of the benchmark", subprocess.run(
                [self.benchmark, "-s", run.path("s"), "-n", "5000", "-c", "4", "-q", "-t", "get,incr,lpush,rpop"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=run.environment).returncode)
            digest = self.ask(run, "debug", "digest")
            run.say("digest", digest)
            run.say("bgsave", self.ask(run, "bgsave"))
            for i in range(30):  # while the child is at it
                self.ask(run, "set", f"late{i}", "x" * i)
                self.ask(run, "del", f"late{i}")
            wait_until(server, lambda: "rdb_bgsave_in_progress:0" in self.ask(run, "info", "persistence"))
            run.say("how it went", re.findall("rdb_last_bgsave_status:.*", self.ask(run, "info", "persistence")))
            # The child was the first that wrote this file; what it saved is a state between two of the commands above.
            self.ask(run, "shutdown", "nosave")
            run.say("the server's status", server.wait())
            server = self.start(run)
            lost = [f"late{i}" for i in range(30)]
            self.ask(run, "del", *lost)
            run.say("what was read back", self.ask(run, "debug", "digest") == digest)
            run.say("keys", self.ask(run, "dbsize"))
            self.end(run, server)
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()

    def end(self, run, server):
        self.ask(run, "shutdown", "nosave")
        run.say("the server's status", server.wait())


class Nginx:
    """A master, workers of another user when we are root, a reload, and a graceful end."""

    name = "nginx"
    logs = {"nginx": 5}  # the master, two workers and again two

    def prepare(self):
        self.nginx = program("nginx", "nginx-light")

    def ask(self, run, requests):
        """The answers to a few requests on one connection, without what varies."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(run.path("s"))
            connection.sendall(requests.encode())
            answer = b""
            while True:
                data = connection.recv(65536)
                if not data:
                    break
                answer += data
        return re.sub(rb"\r\n(Date|Last-Modified|ETag): [^\r]*", b"", answer)

    def workers(self, master):
        with open(f"/proc/{master}/task/{master}/children") as file:
            return set(file.read().split())

    def run(self, run):
        run.write("nginx.conf", f"""
{'user nobody nogroup;' if os.geteuid() == 0 else ''}
worker_processes 2;
daemon off;
pid {run.path('pid')};
error_log {run.path('errors')} warn;
events {{ worker_connections 64; }}
http {{
    access_log {run.path('access')};
    {' '.join(f'{kind}_temp_path {run.path(kind)};' for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))}
    gzip on; gzip_types text/plain; default_type text/plain;
    server {{
        listen unix:{run.path('s')};
        root {run.path('root')};
        location /through/ {{ proxy_pass http://unix:{run.path('s')}:/; }}
    }}
}}
""")
        for size in 0, 10, 5000, 300000:
            run.write(f"root/{size}.txt", ("0123456789abcdef" * (size // 16 + 1))[:size])
        os.chmod(run.path("root"), 0o755)
        master = run.start(self.nginx, "-p", run.work, "-c", run.path("nginx.conf"))
        try:
            wait_until(master, lambda: os.path.exists(run.path("s")) and len(self.workers(master.pid)) == 2)
            requests = "".join(f"GET {path} HTTP/1.1\r\nHost: h\r\nAccept-Encoding: {coding}\r\n\r\n" for coding in ("gzip", "identity")
                               for path in ("/0.txt", "/10.txt", "/5000.txt", "/300000.txt", "/none", "/through/5000.txt"))
            requests += "GET /10.txt HTTP/1.0\r\n\r\n"
            for i in range(40):
                run.say("answers", self.ask(run, requests))
            before = self.workers(master.pid)
            master.send_signal(signal.SIGHUP)
            wait_until(master, lambda: len(self.workers(master.pid)) == 2 and not self.workers(master.pid) & before)
            for i in range(40):
                run.say("answers", self.ask(run, requests))
            run.end(master, signal.SIGQUIT)
        finally:
            if master.poll() is None:
                master.terminate()
                master.wait()
        with open(run.path("errors")) as file:
            run.say("errors", re.findall(r"\[\w+\] .*?: (.*?)(?:, client|$)", file.read()))
        with open(run.path("access")) as file:
            run.say("access", sorted(re.sub(r"\[.*?\]", "", line) for line in file))


class Postgres:
    """initdb (a shell's popen'd single-user servers), a server with its processes and shared memory, pgbench."""

    name = "postgres"
    logs = {"initdb": 1, "postgres": 8, "pgbench": 2, "pg_ctl": 2}

    def prepare(self):
        folder = "/usr/lib/postgresql/*/bin"
        self.programs = {name: program(name, "postgresql", folder) for name in ("initdb", "postgres", "pg_ctl", "psql", "pgbench")}
        # It does not run as root.
        self.user = dict(user=NOBODY, group=NOBODY, extra_groups=[]) if os.geteuid() == 0 else {}

    def run(self, run):
        at = ("-h", run.work, "postgres")
        self.command(run, "initdb", "-D", "data", "-A", "trust", "-U", "u", "--no-sync", "-E", "UTF8")
        run.environment.update(PGUSER="u", PGCTLTIMEOUT="1200")
        self.command(run, "pg_ctl", "-D", "data", "-w", "-s", "-l", "log", "-o", f"-k {run.work} -c listen_addresses= -c fsync=off "
                     "-c autovacuum=on", "start")
        try:
            self.command(run, "pgbench", "-i", "-q", "-s", "1", *at)
            self.command(run, "pgbench", "-t", "100", "-c", "4", "-j", "2", "--random-seed=5", *at)
            run.environment.update(PGOPTIONS="-c force_parallel_mode=on")  # a worker for each question
            self.ask(run, "select count(*), sum(delta) = (select sum(abalance) from pgbench_accounts) from pgbench_history", at)
            self.ask(run, "select sum(bid), max(aid), md5(string_agg(filler, '' order by aid)) from pgbench_accounts", at)
            self.ask(run, "create table t as select i, repeat(md5(i::text), 20) s from generate_series(1, 20000) i", at)
            self.ask(run, "create index on t (s); select count(distinct s), min(s) from t; vacuum analyze t", at)
            self.ask(run, "select 1/0", at)
            self.ask(run, "select array_agg(x order by x) from (select regexp_replace(s, '[0-9]+', 'n', 'g') x from t limit 50) q", at)
        finally:
            self.command(run, "pg_ctl", "-D", "data", "-w", "-s", "-m", "fast", "stop")
        with open(run.path("log")) as file:
            text = file.read()
        run.say("a server that died", re.findall(r"terminated by signal.*|PANIC.*|exited with exit code.*", text))
        # A client that has gone may still have its backend when the server is told to stop, or not: that is a matter of time.
        run.say("errors", [error for error in sorted(re.findall(r"(?:ERROR|FATAL): .*", text))
                           if "due to administrator command" not in error])

    def ask(self, run, question, at):
        self.command(run, "psql", "-X", "-A", "-t", "-c", question, *at)

    def command(self, run, name, *arguments):
        def normalise(text):  # times and rates
            text = re.sub(r"\d+\.\d+ (ms|s\b)", r"T \1", text)
            return re.sub(r"= [\d.]+", "= N", text)
        run.command(self.programs[name], *arguments, normalise=normalise, **self.user)


SUBJECTS = [Redis, Nginx, Postgres]
