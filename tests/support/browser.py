"""A page and its files served to a browser without a window, and what the page sends back."""

import contextlib
import json
import queue
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
SECONDS = 120  # a page that has not answered by then is broken


class Answering(SimpleHTTPRequestHandler):
    """Serves a folder; what is posted goes into the server's queue."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.put(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        """Nothing is printed."""


@contextlib.contextmanager
def server(folder):
    """A server of that folder on a port of its own."""

    def handler(*arguments):
        return Answering(*arguments, directory=folder)

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        serving.answers = queue.Queue()
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield serving
        finally:
            serving.shutdown()
            thread.join()


def answer_of(folder, page):
    """What the page in the folder posts, opened in a browser."""
    with server(folder) as serving:
        address = f"http://127.0.0.1:{serving.server_port}/{page}"
        own = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/user"]
        browser = subprocess.Popen(
            [BROWSER, *own, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            return serving.answers.get(timeout=SECONDS)
        finally:
            browser.terminate()
            browser.wait()
