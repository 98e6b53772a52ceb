"""Sphinx's settings for the course's web page; tools/build_site.py prepares the pages and runs it."""

import os
import sys
from pathlib import Path

from myst_nb.core.render import NbElementRenderer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import publish  # noqa: E402

project = html_title = "Image colorization with conditional GANs"
language = "en"
exclude_patterns = ["_static"]
extensions = ["myst_nb"]
suppress_warnings = ["myst.header"]  # a solution's sections begin at level 3

# Notebooks as they are: nothing is run, and a widget, which needs a kernel, gives way to the figure above it.
nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"
nb_ipywidgets_js = {}
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_dmath_double_inline = True

# Formulas by the page's own files: one script, which needs no fonts.
mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

html_theme = "sphinx_book_theme"
html_static_path = [os.environ["COLORLIB_SITE_STATIC"], "static"]
html_css_files = ["course.css"]
html_copy_source = True
html_sourcelink_suffix = ""
html_use_index = False
html_theme_options = {
    "home_page_in_toc": True,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # the sidebar has the search
    "footer_content_items": [],
    "show_toc_level": 1,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
if repository := publish.repository():
    html_theme_options |= {
        "repository_url": f"https://github.com/{repository}",
        "repository_branch": publish.BRANCH,
        "use_repository_button": True,
        "launch_buttons": {"colab_url": publish.COLAB},
    }

render_image = NbElementRenderer.render_image


def render_with_alt(self, data):
    """myst-nb's image, with the alt text that the output holds in its metadata, where myst-nb doesn't look."""
    images = render_image(self, data)
    alt = data.output_metadata.get(data.mime_type, {}).get("alt", "")
    for image in images:
        image["alt"] = alt
    return images


NbElementRenderer.render_image = render_with_alt
