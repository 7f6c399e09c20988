"""Which files are taken for what, by their names."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

_UNREAD = frozenset(".arw .cr2 .cr3 .dng .heic .heics .heif .hif .jxl .nef .orf .raf .rw2 .svg".split())
IMAGES = _UNREAD | frozenset(
    ".apng .avif .avifs .blp .bmp .bw .cur .dcx .dds .dib .fit .fits .ftc .ftu .gbr .gif .icb .icns .ico .iim .im .j2c "
    ".j2k .jfif .jp2 .jpc .jpe .jpeg .jpf .jpg .jpx .mpo .msp .pbm .pcx .pfm .pgm .png .pnm .ppm .psd .pxr .qoi .ras "
    ".rgb .rgba .sgi .tga .tif .tiff .vda .vst .webp .xbm .xpm".split()
)
"""Images: all formats that are read, see `formats`, and others that people take for images, so that they are told by
name."""
LABELS = (".png", ".bmp", ".gif", ".tif", ".tiff", ".regions.txt", ".txt", ".npy")
"""Files that may hold a label map of an image."""
NIFTI = (".nii", ".nii.gz")
"""NIfTI files."""
ITK_VOLUMES = (".nrrd", ".nhdr", ".mha", ".mhd")
"""NRRD and MetaImage files."""
HEADERS = (".nhdr", ".mhd")
"""Those of them whose voxels lie in a file beside them."""
FOLDER = "/"
"""End of the name of a folder that is one example, such as a series of DICOM files."""
VOLUMES = (".npz", ".npy", *NIFTI, *ITK_VOLUMES)
"""Volumes, and label maps of volumes."""
VIDEOS = frozenset(
    ".264 .265 .3g2 .3gp .amv .asf .avi .divx .dv .f4v .flv .gif .h264 .h265 .hevc .ivf .m1v .m2ts .m2v .m4v .mjpeg "
    ".mjpg .mkv .mod .mov .mp4 .mpe .mpeg .mpg .mts .mxf .nut .ogm .ogv .qt .rm .rmvb .tod .ts .vob .webm .wmv "
    ".y4m".split()
)
"""Videos, as they are usually called."""
FRAMES = IMAGES - VIDEOS
"""Pictures that may be the frames of a video."""
ARRAYS = frozenset({".npy", ".npz"})
"""Arrays that may be the frames of a video."""
NO_VIDEOS = (
    FRAMES
    | ARRAYS
    | frozenset(
        ".7z .aac .ass .bz2 .cfg .conf .csv .db .doc .docx .exe .flac .gz .h5 .hdf5 .htm .html .idx .ini .ipynb .json "
        ".jsonl .lnk .log .lrc .m .m3u .m4a .mat .md .md5 .mp3 .nfo .odt .opus .pdf .pickle .pkl .pptx .py .rar .rst "
        ".rtf .sbv .sfv .sh .sha1 .sha256 .srt .ssa .sub .tar .tgz .toml .torrent .tsv .txt .url .vtt .wav .wma .xls "
        ".xlsx .xml .xz .yaml .yml .zip".split()
    )
)
"""Files that lie beside videos; every other one in a class folder is taken for a video, and if it is none, preparation
names it."""
_SYSTEMS = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "system volume information", "lost+found"}
    | {"@eadir", "#recycle", "$recycle.bin", "__macosx", "__pycache__"}
)
_UNFINISHED = ("~", ".part", ".partial", ".crdownload", ".filepart", ".tmp")  # backups of editors, and downloads
_PICTURE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ")
_PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heif", b"mif1", b"msf1")
_HEAD = 12  # bytes, by which a format is told


def stem_of(name: str, endings: Collection[str]) -> str | None:
    """Return a file's name without its ending, the longest one that fits; None where none of them does."""
    fitting = [ending for ending in endings if name.lower().endswith(ending)]
    return name[: -len(max(fitting, key=len))] if fitting else None


def is_dropping(name: str) -> bool:
    """Say whether a file or folder is hidden, or one that systems and editors leave behind."""
    name = name.lower()
    return name.startswith((".", "~$")) or name.endswith(_UNFINISHED) or name in _SYSTEMS


def is_picture(path: Path) -> bool:
    """Say whether a file, whose name may tell nothing, begins as one of the usual pictures does."""
    try:
        if not path.is_file():  # what is none, a pipe say, would be waited for
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    webp, bitmap = head[:4] + head[8:] == b"RIFFWEBP", head[:2] == b"BM" and head[6:10] == bytes(4)
    return head.startswith(_PICTURE_STARTS) or webp or bitmap or (head[4:8] == b"ftyp" and head[8:] in _PICTURE_BRANDS)
