"""The flags of the commands that use a trained colorizer: colorize, app, export, share, demo."""

from colorlib.cli.flags import Parser, add_control_flags, count
from colorlib.fields import PRECISIONS

CHECKPOINT = (
    "starter, listener or balanced, folder of a colorizer or of its training, or owner/name on the Hugging Face hub"
)


def add_colorize_flags(parser: Parser, argv: list[str]) -> None:
    parser.description = (
        "Colorize photos: JPEG stays JPEG, all else becomes PNG; size and lightness are the photo's own. A photo that "
        "can't be read is named and left out, and the exit code is 2."
    )
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help=CHECKPOINT)
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="photos, or folders of them")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder for the colorized photos")
    parser.add_argument(
        "--size", type=count, metavar="PX", help="short side at which the generator sees a photo [its own choice]"
    )
    add_control_flags(
        parser, "", "the {name} asked for, {limits}; for a colorizer trained with --conditions, or --exact"
    )
    parser.add_argument("--tint", metavar="COLOR", help="the mean color asked for, as #c08040: its redness and warmth")
    parser.add_argument(
        "--exact",
        action="store_true",
        help="move the color of the answer until the photo has the targets; any colorizer will do",
    )
    parser.add_argument(
        "--sheet",
        nargs="+",
        metavar="NAME=X,X",
        help="instead of each photo a sheet of small ones: the targets of one control across, and of another down, as "
        "saturation=0.1,0.3 hue=free,0.6",
    )
    add_device_flags(parser)


def add_app_flags(parser: Parser, argv: list[str]) -> None:
    parser.description = "Serve a page in the browser: a photo, sliders for its colors, a download. Ctrl-C ends it."
    parser.add_argument(
        "checkpoint", nargs="?", default="starter", metavar="CHECKPOINT", help=f"{CHECKPOINT} [starter]"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="X", help="address; 0.0.0.0 lets others in the network in [127.0.0.1]"
    )
    parser.add_argument("--port", type=int, default=7860, metavar="N", help="port of it; 0 takes a free one [7860]")
    add_device_flags(parser)


def add_export_flags(parser: Parser, argv: list[str]) -> None:
    from colorlib.colorizer.onnx_export import add_flags

    add_flags(parser, CHECKPOINT)


def add_share_flags(parser: Parser, argv: list[str]) -> None:
    parser.description = "Upload a colorizer and its card to the Hugging Face hub. It asks before it does."
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="folder of a colorizer, or of its training")
    parser.add_argument("name", metavar="OWNER/NAME", help="what it is called there")
    parser.add_argument("--license", metavar="X", help="license of the weights, as mit or cc-by-4.0 [none named]")
    parser.add_argument("--private", action="store_true", help="for your eyes only")
    parser.add_argument("--yes", action="store_true", help="don't ask")


def add_demo_flags(parser: Parser, argv: list[str]) -> None:
    parser.add_argument("--output", default="outputs/demo", metavar="DIR", help="folder to write [outputs/demo]")
    parser.add_argument("--photos", nargs="+", default=[], metavar="PHOTO", help="photos of yours, or folders of them")


def add_device_flags(parser: Parser) -> None:
    parser.add_argument(
        "--device", default="auto", metavar="X", help="auto (a GPU if there is one), cpu, cuda, mps [auto]"
    )
    parser.add_argument("--precision", default="auto", choices=PRECISIONS, help="[auto: half where it is faster]")
