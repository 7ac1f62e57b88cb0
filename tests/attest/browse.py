#!/usr/bin/python3
"""browse.py SITE AXE.tgz SCREENSHOTS: looks at the pages of a site in Chromium, as TAP: on a phone and on a desk, light and dark,
with scripts and without. axe-core judges each; nothing may be wider than the screen, ask for another file, or say anything on
the console. Drives the browser through its debugging pipe; the pages get no network."""
import base64
import json
import os
import re
import subprocess
import sys
import tarfile

CHROMIUM = "/usr/lib/chromium/chromium-headless-shell"
SIZES = {"phone": (360, 740, True), "desk": (1280, 900, False)}
SHOWN = ("index.html", "image-hello.html", "release-1.html", "release-7.html", "image-many.html")


class Browser:
    """One tab. Events that came meanwhile are in self.events."""

    def __init__(self):
        reads, self.out = os.pipe()
        self.inn, writes = os.pipe()

        def pipes():
            # Above what they become first, since one may be in the other's place.
            high = os.dup2(reads, 60), os.dup2(writes, 61)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--user-data-dir=/tmp/chromium"],
            preexec_fn=pipes, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(reads)
        os.close(writes)
        self.buffer = b""
        self.events = []
        self.number = 0
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def receive(self):
        while b"\0" not in self.buffer:
            got = os.read(self.inn, 1 << 20)
            if not got:
                raise EOFError("the browser ended")
            self.buffer += got
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self.out, text):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def open(self, url):
        self.events = []
        self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.receive())

    def complaints(self, url):
        """What a page said, asked for or threw that it should not have."""
        for event in self.events:
            method, what = event["method"], event["params"]
            if method in ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening"):
                yield f"{method}: {json.dumps(what)[:300]}"
            elif method == "Network.requestWillBeSent" and what["request"]["url"].split("#")[0] != url:
                yield f"asked for {what['request']['url']}"


class Tap:
    number = failed = 0

    def ok(self, name, problems):
        self.number += 1
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.number} - {name}", flush=True)
        for problem in problems:
            print(f"# {problem}"[:2000])

    def finish(self, shots):
        """Screenshots of what failed are wanted most, and a step that fails leaves nothing: it says so in a file."""
        print(f"1..{self.number}")
        if self.failed:
            with open(f"{shots}/failed", "w", encoding="ascii") as file:
                print(self.failed, file=file)


def violations(browser, axe):
    browser.evaluate(axe)
    report = json.loads(browser.evaluate("axe.run({resultTypes: ['violations', 'incomplete']}).then(JSON.stringify)"))
    for one in report["violations"] + [i for i in report["incomplete"] if i["id"] != "color-contrast"]:
        places = [node["target"] for node in one["nodes"]][:3]
        yield f"{one['id']}: {one['help']}: {json.dumps(places)}"


def judge(browser, axe):
    wide = browser.evaluate("document.documentElement.scrollWidth > innerWidth")
    return (["wider than the screen"] if wide else []) + list(violations(browser, axe))


def shoot(browser, path):
    data = browser.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
    with open(path, "wb") as file:
        file.write(base64.b64decode(data))


def look(browser, tap, axe, site, page, size, scheme, shots):
    url = f"file://{site}/{page}"
    width, height, mobile = SIZES[size]
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(url)
    problems = judge(browser, axe)
    background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    red = re.match(r"rgb\((\d+),", background)
    if not red or (scheme == "dark") != (int(red[1]) < 128):
        problems.append(f"{scheme}, but its background is {background}")
    problems += browser.complaints(url)
    tap.ok(f"{page}, {size}, {scheme}", problems)
    if page in SHOWN:
        shoot(browser, f"{shots}/{page[:-5]}-{size}-{scheme}.png")
    hidden = browser.evaluate("document.querySelectorAll('details:not([open])').length")
    if hidden:
        browser.evaluate("document.querySelectorAll('summary').forEach(s => s.click())")
        problems = judge(browser, axe) + list(browser.complaints(url))
        if browser.evaluate("[...document.querySelectorAll('details')].some(d => !d.open || !d.querySelector('code').offsetParent)"):
            problems.append("a click that shows what was hidden expected")
        tap.ok(f"{page}, {size}, {scheme}, {hidden} lists opened", problems)
        if page in SHOWN:
            shoot(browser, f"{shots}/{page[:-5]}-{size}-{scheme}-open.png")


def copy(browser, tap, site):
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.call("Emulation.setFocusEmulationEnabled", enabled=True)
    browser.open(f"file://{site}/release-1.html")
    problems = []
    count = browser.evaluate("document.querySelectorAll('button').length")
    for i in range(count):
        expected, found, said = browser.evaluate(
            f"(async () => {{ const b = document.querySelectorAll('button')[{i}]; b.click();"
            "for (let n = 0; n < 100 && b.textContent !== 'Copied'; n++) await new Promise(r => setTimeout(r, 20));"
            "return [b.previousElementSibling.textContent, await navigator.clipboard.readText(), b.textContent]; })()")
        if expected != found or said != "Copied":
            problems.append(f"button {i} copied {found!r}, expected {expected!r}, and says {said}")
    tap.ok(f"each of {count} buttons copies the text beside it", problems if count else ["no buttons"])


def without_scripts(browser, tap, site):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(f"file://{site}/release-1.html")
    problems = []
    if browser.evaluate("[...document.querySelectorAll('button')].some(b => b.offsetParent)"):
        problems.append("buttons that would do nothing are shown")
    if browser.evaluate("[...document.querySelectorAll('dd code')].some(c => getComputedStyle(c).userSelect !== 'all' || !c.offsetParent)"):
        problems.append("measurements that are not selected as a whole")
    tap.ok("without scripts there are no buttons, and a measurement is selected as a whole", problems)
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def main(site, tgz, shots):
    with tarfile.open(tgz) as archive:
        axe = archive.extractfile("package/axe.min.js").read().decode()
    os.makedirs(shots)
    browser, tap = Browser(), Tap()
    for page in sorted(os.listdir(site)):
        # Of those that are alike one will do.
        if page.startswith("release-") and int(page[8:-5]) > 8:
            continue
        for size in SIZES:
            for scheme in ("light", "dark"):
                look(browser, tap, axe, site, page, size, scheme, shots)
    copy(browser, tap, site)
    without_scripts(browser, tap, site)
    browser.process.kill()
    tap.finish(shots)


main(*sys.argv[1:])
