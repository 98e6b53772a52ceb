"""How the local page is served: at one address, with nothing loaded from elsewhere, until Ctrl-C.

Each answer carries a rule (a content security policy) by which a browser asks no other server for anything, whatever
Gradio's own pages may name. So the page works in a room without internet, and no photo goes out of it.
"""

import os
import socket
import tempfile
from pathlib import Path

from colorlib.app import page as app
from colorlib.app.parts import CSS, MOST_BYTES
from colorlib.colorizer import Colorizer
from colorlib.errors import ConfigError

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'self'"
)
LARGEST_UPLOAD = 4 * MOST_BYTES  # a file that is too large for a photo still comes, and is refused in words


class OnlyFromHere:
    """ASGI middleware that adds the policy to every answer."""

    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        async def send_with_policy(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        await self.inner(scope, receive, send_with_policy)


def application(colorizer: Colorizer, folder: Path):
    """The page as an ASGI application. folder: for the visitors' files. Raises `ConfigError` without Gradio."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder)  # where Gradio keeps what is uploaded
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    blocks = app.build(colorizer, folder)
    import gradio as gr
    from fastapi import FastAPI

    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
    theme = gr.themes.Default(primary_hue="indigo", **fonts)
    theme.set(block_info_text_color="*neutral_600", body_text_color_subdued="*neutral_600")
    server = gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        blocks,
        path="/",
        theme=theme,
        css=CSS,
        footer_links=[],
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
    )
    return OnlyFromHere(server)


def listen(host: str, port: int) -> socket.socket:
    """A socket at this address. Raises `ConfigError` where there can't be one."""
    if not 0 <= port <= 65535:
        raise ConfigError(f"--port is {port}; it must lie in [0, 65535], and 0 takes a free one")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"no page at {host}, port {port} ({reason}); give another --port or --host") from None
    return opened


def serve(checkpoint: str, host: str, port: int, device: str, precision: str) -> int:
    """Serve the page until Ctrl-C; returns the exit code. Raises `InputError` where it can't begin."""
    colorizer = Colorizer.load(checkpoint, device, precision)
    with tempfile.TemporaryDirectory(prefix="colorlib-app-") as folder, listen(host, port) as opened:
        inner = application(colorizer, Path(folder))
        import uvicorn

        settings = uvicorn.Config(inner, log_level="warning", timeout_graceful_shutdown=1)
        shown = f"[{host}]" if ":" in host else host
        print(f"open http://{shown}:{opened.getsockname()[1]} in a browser; Ctrl-C ends the page", flush=True)
        try:
            uvicorn.Server(settings).run(sockets=[opened])
        except KeyboardInterrupt:
            pass
    print("the page has ended, and its visitors' photos are gone from this machine")
    return 0
