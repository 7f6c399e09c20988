"""The formats that are read: each by itself, for it opens no other file and starts no program.

Libraries know more of them: Pillow draws PostScript by a program (Ghostscript) and opens whatever IPTC has inside,
FFmpeg follows lists (ffconcat, HLS, DASH, SDP, numbered pictures) to other files and to the network. The names of files
do not tell, and so nothing is left to guessing.
"""

from __future__ import annotations

from functools import cache

from PIL import Image

_PICTURES = (
    "JPEG PNG GIF BMP PPM TIFF WEBP AVIF JPEG2000 QOI DIB ICO CUR ICNS PCX DCX PSD SGI SUN DDS BLP FITS FTEX GBR IM "
    "MSP PIXAR XBM XPM TGA"  # the last one has no mark of its own and fits many files
)
_FILMS = (
    "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,asf,asf_o,flv,live_flv,kux,gif,apng,ogg,mxf,nut,dv,rm,wtv,gxf,nuv,ivf,"
    "h261,h263,h264,hevc,vvc,av1,obu,m4v,vc1,vc1test,cavsvideo,dirac,mjpeg,mjpeg_2000,mpjpeg,yuv4mpegpipe,flic"
)
_NO_FILMS = (  # told by what they are
    "jpeg_pipe,png_pipe,bmp_pipe,gif_pipe,webp_pipe,tiff_pipe,ppm_pipe,tty,bin,xbin,idf,adf,mp3,flac,wav,aac,aiff,caf"
)
FILM_OPTIONS = {"format_whitelist": f"{_FILMS},{_NO_FILMS}", "protocol_whitelist": "file,pipe"}
"""What FFmpeg is told when it opens a film."""
DEEP_OPTIONS = {"format_whitelist": "png_pipe,apng,tiff_pipe", "protocol_whitelist": "file,pipe"}
"""What FFmpeg is told when it opens a picture of more than 8 bits."""


@cache
def picture_formats() -> tuple[str, ...]:
    """Return the formats that Pillow may open, by its own names; some are there only if it was built with them."""
    Image.init()
    return tuple(name for name in _PICTURES.split() if name in Image.OPEN)
