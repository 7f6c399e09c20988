"""How captions are cut into words, and put together again."""

import unicodedata

import pytest

from lstm_zoo.contracts.words import sentence, words_in


def test_words_of_ascii_are_those_of_keras():
    import tensorflow as tf
    from keras.layers import TextVectorization

    texts = [
        "A Man's dog -- isn't it?",
        "tab\tline\nfeed\vform\fcarriage\rreturn  spaces ",
        "".join(map(chr, range(32, 127))),
        "",
        " . ! ",
    ]
    layer = TextVectorization(standardize="lower_and_strip_punctuation", split="whitespace", ragged=True)
    layer.adapt(texts)
    vocabulary = layer.get_vocabulary()
    theirs = [[vocabulary[number] for number in row.numpy()] for row in layer(tf.constant(texts))]
    assert [words_in(text) for text in texts] == theirs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A \u201cred\u201d square \u2013 it\u2019s on grey\u2026", "a red square its on grey"),
        ("it\u02bcs it\u00b4s it's", "its its its"),
        ("red\u2014and\u2014blue\u2026grey", "red and blue grey"),
        ("\u00abКруг\u00bb на СЕРОМ фоне\u2026", "круг на сером фоне"),
        ("ΣΚΎΛΟΣ, σκύλος", "σκύλος σκύλος"),
        ("GRO\u1e9e groß, Straße", "groß groß straße"),
        ("İki iki", "iki iki"),
        ("¿Qué? L\u2019homme", "qué lhomme"),
        ("यह एक लाल वर्ग है।", "यह एक लाल वर्ग है"),
        ("رَجُلٌ، يَمشي؟", "رَجُلٌ يَمشي"),
        ("می\u200cروم", "می\u200cروم"),
        ("\ufeffa\u00a0soft\u00adhyphen\u3000here", "a softhyphen here"),
        ("a dog\U0001f436 and\u2764\ufe0fa cat \U0001f468\u200d\U0001f469\u200d\U0001f467", "a dog and a cat"),
        ("12 dogs, ½ cat", "12 dogs ½ cat"),
    ],
)
def test_words_follow_unicodes_classes(text, words):
    for form in ("NFC", "NFD"):
        assert words_in(unicodedata.normalize(form, text)) == unicodedata.normalize("NFC", words).split()


@pytest.mark.parametrize(
    ("text", "words", "written"),
    [
        ("灰色背景上有一个方块。", "灰 色 背 景 上 有 一 个 方 块", "灰色背景上有一个方块"),
        ("3番目のスケートボード", "3 番 目 の ス ケ ー ト ボ ー ド", "3番目のスケートボード"),
        ("สุนัขวิ่ง", "สุ นั ข วิ่ ง", "สุนัขวิ่ง"),  # marks stay with their letters
        ("ឆ្កែ", "ឆ្ កែ", "ឆ្កែ"),
        ("NBA球员、CBA和iPhone 15 Pro", "nba 球 员 cba 和 iphone 15 pro", "nba球员cba和iphone 15 pro"),
        ("A Man's dog.", "a mans dog", "a mans dog"),
        ("빨간 사각형", "빨간 사각형", "빨간 사각형"),
    ],
)
def test_writing_without_blanks_is_cut_by_characters_and_put_together(text, words, written):
    cut = words_in(text, "characters")
    assert cut == words.split() and sentence(cut, "characters") == written
    assert sentence(words_in("a dog")) == "a dog"
