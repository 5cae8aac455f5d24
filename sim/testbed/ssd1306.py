"""An SSD1306 display as its bus sees it: I2C writes in, 128 × 64 pixels out.

Source: Solomon Systech SSD1306 data sheet rev 1.1, section 8.1.5 (I2C interface), 8.7 (GDDRAM),
9 (command table), 10 (command descriptions). Standard library only: this runs in the testbed.
"""

WIDTH_PX, HEIGHT_PX, PAGES = 128, 64, 8
EREMOTEIO = 121  # what the kernel reports when no chip acknowledges the address

_DATA = 0x40  # D/C# bit of the control byte
_CONTINUE = 0x80  # Co bit: one control byte before each data byte
_HORIZONTAL, _VERTICAL, _PAGE = 0, 1, 2

# Command byte → number of argument bytes that follow it (table 9-1).
_ARGUMENTS = {
    0x20: 1, 0x21: 2, 0x22: 2, 0x23: 1, 0x26: 6, 0x27: 6, 0x29: 5, 0x2A: 5, 0x81: 1, 0x8D: 1,
    0xA3: 2, 0xA8: 1, 0xD3: 1, 0xD5: 1, 0xD6: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1,
}  # fmt: skip


class Ssd1306:
    """The chip's state. `unknown` collects command bytes that the data sheet does not list.

    `writes` counts I2C writes, `data_writes` those that begin with data for the picture.
    """

    def __init__(self, address: int = 0x3C) -> None:
        self.address = address
        self.writes = 0
        self.data_writes = 0
        self.unknown: list[int] = []
        self._ram = bytearray(WIDTH_PX * PAGES)
        self._mode = _PAGE
        self._columns = (0, WIDTH_PX - 1)
        self._pages = (0, PAGES - 1)
        self._column = 0
        self._page = 0
        self._start_line = 0
        self._segment_remap = False
        self._com_remap = False
        self._inverted = False
        self._all_on = False
        self._on = False
        self._pending: list[int] = []

    def write(self, address: int, body: bytes) -> None:
        """One I2C write to `address`. OSError EREMOTEIO if this chip has another address."""
        if address != self.address:
            raise OSError(EREMOTEIO, "no acknowledge")
        self.writes += 1
        position = 0
        while position < len(body):
            control = body[position]
            self.data_writes += position == 0 and bool(control & _DATA)
            rest = body[position + 1 : position + 2 if control & _CONTINUE else None]
            for byte in rest:
                (self._data if control & _DATA else self._command)(byte)
            position += 1 + len(rest)

    def picture(self) -> bytes:
        """What a person sees: 64 rows of 16 bytes, leftmost pixel in the highest bit."""
        if not self._on:
            return bytes(WIDTH_PX * PAGES)
        rows = bytearray()
        for y in range(HEIGHT_PX):
            row = 0
            for x in range(WIDTH_PX):
                row = row << 1 | self._pixel(x, y)
            rows += row.to_bytes(WIDTH_PX // 8, "big")
        return bytes(rows)

    def _pixel(self, x: int, y: int) -> int:
        """One pixel of a module that is mounted for remapped segments and commons (A1, C8)."""
        column = x if self._segment_remap else WIDTH_PX - 1 - x
        common = y if self._com_remap else HEIGHT_PX - 1 - y
        line = (common + self._start_line) % HEIGHT_PX
        bit = self._ram[line // 8 * WIDTH_PX + column] >> line % 8 & 1
        return int(self._all_on or bool(bit) != self._inverted)

    def _data(self, byte: int) -> None:
        self._ram[self._page * WIDTH_PX + self._column] = byte
        if self._mode == _PAGE:
            self._column = (self._column + 1) % WIDTH_PX
        elif self._mode == _HORIZONTAL:
            self._column, wrapped = _step(self._column, self._columns)
            if wrapped:
                self._page, _ = _step(self._page, self._pages)
        else:
            self._page, wrapped = _step(self._page, self._pages)
            if wrapped:
                self._column, _ = _step(self._column, self._columns)

    def _command(self, byte: int) -> None:
        self._pending.append(byte)
        code, *arguments = self._pending
        if len(arguments) < _ARGUMENTS.get(code, 0):
            return
        self._pending = []
        if arguments:
            self._long_command(code, arguments)
        else:
            self._short_command(code)

    def _long_command(self, code: int, arguments: list[int]) -> None:
        if code == 0x20:
            self._mode = arguments[0] & 3
        elif code == 0x21:
            self._columns = (arguments[0] & 127, arguments[1] & 127)
            self._column = self._columns[0]
        elif code == 0x22:
            self._pages = (arguments[0] & 7, arguments[1] & 7)
            self._page = self._pages[0]

    def _short_command(self, code: int) -> None:
        if code <= 0x0F:
            self._column = self._column & 0x70 | code
        elif code <= 0x1F:
            self._column = self._column & 0x0F | (code & 7) << 4
        elif 0x40 <= code <= 0x7F:
            self._start_line = code & 0x3F
        elif 0xB0 <= code <= 0xB7:
            self._page = code & 7
        elif code in (0xA0, 0xA1):
            self._segment_remap = code == 0xA1
        elif code in (0xC0, 0xC8):
            self._com_remap = code == 0xC8
        elif code in (0xA4, 0xA5):
            self._all_on = code == 0xA5
        elif code in (0xA6, 0xA7):
            self._inverted = code == 0xA7
        elif code in (0xAE, 0xAF):
            self._on = code == 0xAF
        elif code not in (0xE3, 0x2E, 0x2F):
            self.unknown.append(code)


def _step(value: int, limits: tuple[int, int]) -> tuple[int, bool]:
    """The next value within `limits`, and whether it went back to the start."""
    first, last = limits
    return (first, True) if value >= last else (value + 1, False)
