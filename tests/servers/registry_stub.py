# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a schema registry: the part of Confluent's HTTP API that clients read and register by (schemas by
id, subjects and versions, references, schema types, its error codes), with basic or bearer authentication, TLS, and
faults on demand. It checks no compatibility and parses no schema."""
import base64
import collections
import http.server
import json
import ssl
import threading
import urllib.parse


class Stub:
    def __init__(self, user=None, password=None, token=None, certificate=None, key=None, client_ca=None):
        self.schemas = {}   # id: {"schema", "schemaType", "references"}
        self.subjects = collections.defaultdict(list)  # subject: [id], version - 1 is the index
        self.requests = []  # paths in the order they came
        self.faults = []    # statuses to answer with, one a request; 0 closes the connection
        self.expected = None
        if user:
            self.expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if token:
            self.expected = f"Bearer {token}"
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stub.answer(self, None)

            def do_POST(self):
                stub.answer(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            if client_ca:
                context.load_verify_locations(client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def register(self, subject, schema, kind="AVRO", references=()):
        """The schema's id; the same schema has the same id in every subject."""
        entry = {"schema": schema, "schemaType": kind, "references": list(references)}
        number = next((i for i, e in self.schemas.items() if e == entry), None)
        if number is None:
            number = len(self.schemas) + 1
            self.schemas[number] = entry
        if number not in self.subjects[subject]:
            self.subjects[subject].append(number)
        return number

    def answer(self, handler, body):
        self.requests.append(handler.path)
        fault = self.faults.pop(0) if self.faults else None
        if fault == 0:
            handler.close_connection = True
            return
        if fault:
            status, reply = fault, {"error_code": fault * 100 + 1, "message": "on demand"}
        elif self.expected and handler.headers.get("Authorization") != self.expected:
            status, reply = 401, {"error_code": 401, "message": "Unauthorized"}
        else:
            status, reply = self.route(urllib.parse.urlsplit(handler.path).path.strip("/").split("/"), body)
        data = json.dumps(reply).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def shown(self, number):
        entry = dict(self.schemas[number])
        if entry["schemaType"] == "AVRO":  # as Confluent's: the default is left out
            del entry["schemaType"]
        if not entry["references"]:
            del entry["references"]
        return entry

    def route(self, parts, body):
        parts = [urllib.parse.unquote(p) for p in parts]
        if parts == ["subjects"]:
            return 200, sorted(self.subjects)
        if parts[:2] == ["schemas", "ids"] and len(parts) == 3:
            if int(parts[2]) not in self.schemas:
                return 404, {"error_code": 40403, "message": f"Schema {parts[2]} not found"}
            return 200, self.shown(int(parts[2]))
        if parts[0] == "subjects" and len(parts) >= 3 and parts[2] == "versions":
            if body is not None:
                return 200, {"id": self.register(parts[1], body["schema"], body.get("schemaType", "AVRO"),
                                                 body.get("references", ()))}
            ids = self.subjects.get(parts[1])
            if not ids:
                return 404, {"error_code": 40401, "message": f"Subject '{parts[1]}' not found."}
            if len(parts) == 3:
                return 200, list(range(1, len(ids) + 1))
            version = len(ids) if parts[3] == "latest" else int(parts[3])
            if not 1 <= version <= len(ids):
                return 404, {"error_code": 40402, "message": f"Version {parts[3]} not found."}
            return 200, {"subject": parts[1], "version": version, "id": ids[version - 1], **self.shown(ids[version - 1])}
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}
