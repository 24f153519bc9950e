"""Turns a terminal screen with ANSI colours (standard input) into an SVG picture (standard output)."""

import re
import sys
from xml.sax.saxutils import escape

CELL_W, CELL_H, MARGIN = 8.4, 17.0, 12.0
BACK, FORE = "#16181d", "#d0d4da"
BASE = ["#16181d", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d0d4da",
        "#5c6370", "#ef8891", "#b4dba0", "#f0d399", "#8cc5f5", "#d9a0ea", "#84d0d8", "#ffffff"]
HALVES = {"▀": (0.0, 0.5), "▄": (0.5, 0.5), "█": (0.0, 1.0)}


def indexed(n):
    if n < 16:
        return BASE[n]
    if n >= 232:
        grey = 8 + (n - 232) * 10
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    n -= 16
    steps = [0, 95, 135, 175, 215, 255]
    return f"#{steps[n // 36]:02x}{steps[n // 6 % 6]:02x}{steps[n % 6]:02x}"


def colour(codes):
    """The colour after a 38 or 48, which it takes from the list of codes."""
    kind = codes.pop(0) if codes else 5
    if kind == 2 and len(codes) >= 3:
        r, g, b = (codes.pop(0) for _ in range(3))
        return f"#{r:02x}{g:02x}{b:02x}"
    return indexed(codes.pop(0)) if codes else FORE


def apply(style, codes):
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.update(fg=FORE, bg=None, bold=False, dim=False, reverse=False, underline=False)
        elif code in (1, 2, 4, 7):
            style[{1: "bold", 2: "dim", 4: "underline", 7: "reverse"}[code]] = True
        elif code == 22:
            style.update(bold=False, dim=False)
        elif code == 24:
            style["underline"] = False
        elif code == 27:
            style["reverse"] = False
        elif 30 <= code <= 37:
            style["fg"] = BASE[code - 30]
        elif 90 <= code <= 97:
            style["fg"] = BASE[code - 82]
        elif 40 <= code <= 47:
            style["bg"] = BASE[code - 40]
        elif 100 <= code <= 107:
            style["bg"] = BASE[code - 92]
        elif code == 38:
            style["fg"] = colour(codes)
        elif code == 48:
            style["bg"] = colour(codes)
        elif code == 39:
            style["fg"] = FORE
        elif code == 49:
            style["bg"] = None


def main():
    style = {}
    apply(style, [0])
    shapes, width = [], 0
    lines = sys.stdin.read().rstrip("\n").split("\n")
    for row, line in enumerate(lines):
        column, y = 0, MARGIN + row * CELL_H
        for token in re.findall(r"\x1b\[[0-9;]*m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|.", line):
            if token.startswith("\x1b["):
                apply(style, [int(c or 0) for c in token[2:-1].split(";")])
                continue
            if token.startswith("\x1b"):
                continue
            fg, bg = style["fg"], style["bg"]
            if style["reverse"]:
                fg, bg = bg or BACK, fg
            x = MARGIN + column * CELL_W
            if bg:
                shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{CELL_W + 0.1:.1f}" height="{CELL_H + 0.1:.1f}" fill="{bg}"/>')
            if token in HALVES:
                top, share = HALVES[token]
                shapes.append(f'<rect x="{x:.1f}" y="{y + top * CELL_H:.1f}" width="{CELL_W + 0.1:.1f}" '
                              f'height="{share * CELL_H + 0.1:.1f}" fill="{fg}"/>')
            elif token.strip():
                extra = (' font-weight="bold"' if style["bold"] else "") + (' opacity="0.6"' if style["dim"] else "")
                extra += ' text-decoration="underline"' if style["underline"] else ""
                shapes.append(f'<text x="{x:.1f}" y="{y + 13:.1f}" fill="{fg}"{extra}>{escape(token)}</text>')
            column += 1
        width = max(width, column)
    w, h = width * CELL_W + 2 * MARGIN, len(lines) * CELL_H + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0f} {h:.0f}" '
          f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>')
    print("\n".join(shapes))
    print("</svg>")


main()
