"""What data sets share whose examples this package prepares itself."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import PrivateAttr

from ...console.text import is_text
from ...contracts import ALL, BadFile, DataConfig, InputError, Part, Spec, Splits, Survey, UserPath, Views, raised_by
from .inside import check_inside
from .several_at_once import Reading, in_threads
from .splitting import DealtSplits

if TYPE_CHECKING:
    from .family import Family, Item, Record
    from .preparing import PreparedBuilder

_WHOLE = "test"  # as what all examples are stored: TFDS has another use for the name `all`


class FamilyData(DataConfig):
    """What all data sets of a family share: how their files become views of a network."""

    data_dir: UserPath | None = None
    """Where prepared data are kept; null: $TFDS_DATA_DIR, or else ~/tensorflow_datasets. Of a finished run's recipe, it
    counts where its data lie there already: what `eval` has to prepare goes to the latter, unless it is set anew."""
    _of_a_run: bool = PrivateAttr(False)

    def of_a_run(self) -> Self:
        data = self.model_copy()
        data._of_a_run = True
        return data

    def place(self, is_there: Callable[[Path | None], bool]) -> Path | None:
        """Return where data are prepared: `data_dir`; or the user's own place, None, if a run names one without them.

        Args:
            is_there: Says whether they are prepared in a place.
        """
        return self.data_dir if not self._of_a_run or is_there(self.data_dir) else None

    @abstractmethod
    def family(self, spec: Spec) -> Family:
        """Return how examples are stored and shown."""

    @abstractmethod
    def read(self, path: Path) -> Record:
        """Return one file as its record, without a target.

        Raises:
            MediaError: It cannot be read.
        """

    def views(self, path: Path, spec: Spec) -> Views:
        from ...media.errors import MediaError, named_reasons

        family = self.family(spec)
        try:
            with named_reasons():
                record = self.read(path)
                whole = views_of(family, record)
        except MediaError as error:
            raise InputError("", f"{path}: {error}") from None
        shown = family.of_stretches()
        parts = (
            Part(
                {"start": one.start, "end": one.end},
                f"{one.start:.1f}-{one.end:.1f} s",
                views_of(shown, one.record, with_picture=False),
            )
            for one in family.stretches(record)
        )
        return whole._replace(parts=parts, parts_name="windows", remarks=record.get("remarks", ()))

    def check_like(self, like: Spec) -> None:
        """Raise an InputError if these data do not fit the network of a finished run."""

    def spec_of(self, like: Spec | None) -> Spec:
        """Return the spec of a finished run where there is one, else what is expected."""
        if like is None:
            return self.expected_spec()
        self.check_like(like)
        return like


class PreparedData(FamilyData):
    """What data sets share whose examples this package prepares itself."""

    noun: ClassVar[str] = "file"
    """What an example is called in messages."""

    _reading: Reading | None = PrivateAttr(None)

    @abstractmethod
    def items(self) -> Mapping[str, Sequence[Item]]:
        """Return the examples of each split; the user's mistakes are told here."""

    @abstractmethod
    def reader(self) -> Callable[[Item], Record]:
        """Return what reads an item, with its target; it raises a MediaError, and is called in several threads."""

    def careful_reader(self) -> Callable[[Item], Record]:
        """Return what reads an item, and raises MediaErrors alone, but for mistakes of settings."""
        from ...media.errors import MediaError, named_reasons

        read = self.reader()

        def read_carefully(item: Item) -> Record:
            if not is_text(item.name):
                raise MediaError("its name is not UTF-8, so that it cannot be kept; rename the file")
            with named_reasons():
                return read(item)

        return read_carefully

    def read_by(self, reading: Reading) -> Self:
        data = self.model_copy()
        data._reading = reading
        return data

    @abstractmethod
    def source_key(self, items: Mapping[str, Sequence[Item]]) -> tuple[Any, ...]:
        """Return all that the stored records depend on beyond `items`."""

    def source_name(self) -> str:
        """Return what the folder of prepared data begins with."""
        return ""

    def file_of(self, item: Item) -> str:
        """Return what of an item is opened; preparation reads items of one file one after the other."""
        return item.name

    @property
    def bad_file_policy(self) -> Literal["stop", "skip"]:
        """What an unreadable file does: `stop` with an error, or `skip` it and count it."""
        return "stop"

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the settings, and with the files that they name."""
        yield from super().problems()
        yield from raised_by("data", *self.checks())

    def checks(self) -> Sequence[Callable[[], Any]]:
        """Return what finds mistakes by raising them, without opening examples."""
        return ()

    def load(self, like: Spec | None = None, splits: Sequence[str] | None = None) -> Splits:
        from .reading import StoredSplits
        from .stored import Stored

        family = self.family(self.spec_of(like))
        if splits == (ALL,):
            builder = self.whole_builder(family)
            builder.prepare()
            return StoredSplits(Stored.prepared(builder, {ALL: _WHOLE}), family, splits=splits)
        builder = self.builder(family)
        if splits is not None and not builder.is_prepared:  # the others need not be there, nor be read
            builder = self.builder(family, splits)
        builder.prepare()
        return StoredSplits(Stored.prepared(builder), family, splits=splits)

    def builder(self, family: Family, splits: Sequence[str] | None = None) -> PreparedBuilder:
        """Return the TFDS builder of the data set, or of some of its splits."""
        items = self.items()
        return self._builder_of({split: items[split] for split in items if splits is None or split in splits}, family)

    def whole_builder(self, family: Family) -> PreparedBuilder:
        """Return the TFDS builder of all examples as one split; nothing is dealt."""
        data = self.undealt() if isinstance(self, DealtSplits) else self
        return self._builder_of({_WHOLE: [item for found in data.items().values() for item in found]}, family)

    def _builder_of(self, items: Mapping[str, Sequence[Item]], family: Family) -> PreparedBuilder:
        from .preparing import PreparedBuilder, Source, fingerprint

        key = fingerprint(*self.source_key(items), *((split, *item) for split in items for item in items[split]))
        source = Source(
            name="-".join(filter(None, (re.sub(r"[^A-Za-z0-9_]+", "_", self.source_name()), key))),
            splits=items,
            reading=self._reading or partial(in_threads, self.careful_reader(), at_once=self.at_once),
            file_of=self.file_of,
            family=family,
            noun=self.noun,
            on_bad_file=self.bad_file_policy,
        )
        kind = type(self).model_fields["kind"].default
        return PreparedBuilder(kind, source, self.place(lambda place: PreparedBuilder(kind, source, place).is_prepared))


class UserFiles(PreparedData):
    """What data sets share that are made of the user's files."""

    on_bad_file: Literal["stop", "skip"] = "stop"
    """What a file that cannot be used does: `stop` with an error, or `skip` it and count it."""
    outside: bool = False
    """Let lists, tables and annotations name files outside of the data's folder, by absolute paths, `..` or links."""

    def check_named(self, splits: Mapping[str, Sequence[Item]], folder: Path, key: str) -> None:
        """Refuse what a list names outside of a folder, unless the user allows it."""
        names = (name for items in splits.values() for item in items for name in self.files_of(item))
        check_inside(names, folder, key, outside=self.outside)

    def files_of(self, item: Item) -> Sequence[str]:
        """Return all files of an item, as paths from its data's folder on."""
        return (self.file_of(item), *item.others)

    @property
    def bad_file_policy(self) -> Literal["stop", "skip"]:
        return self.on_bad_file

    def checks(self) -> Sequence[Callable[[], Any]]:
        return (self.items,)

    def bad_files(self) -> list[BadFile]:
        from .surveying import find_bad_files

        return find_bad_files(self.items(), self.careful_reader(), self.at_once)

    def survey(self, num_examples: int) -> Survey:
        from .neighbours import nearest_in_training
        from .surveying import survey

        try:
            family = self.family(self.expected_spec())
        except InputError as error:
            return Survey((), self.bad_files(), [str(error)])
        found = survey(self.items(), self.careful_reader(), self.at_once, family, num_examples)
        builder = self.builder(family)
        return found._replace(neighbours=nearest_in_training(builder) if builder.is_prepared else None)


def views_of(family: Family, record: Record, *, with_picture: bool = True) -> Views:
    """Return a record as evaluation sees it, and as it is shown to people."""
    from .family import TARGET, shown_of

    row, record = family.row(record), family.needed(record)
    shown = {name: views for name, views in shown_of(family, record).items() if name != TARGET}
    picture = family.picture(record, shown) if with_picture else None
    return Views(shown, lambda outputs: family.merge(row, outputs), picture)
