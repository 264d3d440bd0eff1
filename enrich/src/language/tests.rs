use std::sync::LazyLock;

use super::*;
use crate::testing::untagged;

static ENRICHER: LazyLock<LanguageEnricher> = LazyLock::new(LanguageEnricher::new);

fn detect(text: &str) -> Option<&'static str> {
    ENRICHER.detect(text, None)
}

#[test]
fn short_posts_are_recognised() {
    let cases = [
        ("Still waiting for my GP to call back", "en"),
        ("thanks to the lovely nurses!", "en"),
        ("8am. Phone rings out. Again.", "en"),
        ("Brilliant care at @leedshospital https://example.org/x #nhs", "en"),
        ("Why is nobody answering?", "en"),
        ("Mae'r meddyg wedi mynd, does dim apwyntiad", "cy"),
        ("Diolch yn fawr i'r nyrsys", "cy"),
        ("Dziękuję bardzo, lekarz był miły", "pl"),
        ("Nu am găsit niciun dentist în oraș", "ro"),
        ("Gracias a todos los médicos del hospital", "es"),
        ("Obrigado, a médica foi muito boa", "pt"),
        ("Merci à toute l'équipe, c'est très bien", "fr"),
        ("Grazie mille, il medico è stato molto gentile", "it"),
        ("Vielen Dank, der Arzt war sehr nett und hat geholfen", "de"),
        ("Waxaan u mahadcelinayaa dhakhtarka iyo shaqaalaha", "so"),
        ("Faleminderit, mjeku është shumë i mirë", "sq"),
        ("Doktor çok iyi, teşekkür ederim", "tr"),
        ("Maraming salamat po sa mga nurse", "tl"),
    ];
    for (text, code) in cases {
        assert_eq!(detect(text), Some(code), "{text:?}");
    }
}

#[test]
fn scripts_tell_their_language() {
    let cases = [
        ("ڈاکٹر بہت اچھے ہیں", "ur"),
        ("الطبيب كان لطيفا جدا", "ar"),
        ("دکتر خیلی مهربان بود و به من کمک کرد", "fa"),
        ("ডাক্তার খুব ভালো", "bn"),
        ("ਡਾਕਟਰ ਬਹੁਤ ਚੰਗਾ ਹੈ", "pa"),
        ("ડૉક્ટર ખૂબ સારા છે", "gu"),
        ("மருத்துவர் மிகவும் நல்லவர்", "ta"),
        ("डॉक्टर बहुत अच्छे हैं", "hi"),
        ("Лікар був дуже добрий", "uk"),
        ("Врач был очень добрый, мы ждали", "ru"),
        ("医生很好", "zh"),
        ("先生はとても親切でした", "ja"),
        ("Ο γιατρός ήταν καλός", "el"),
    ];
    for (text, code) in cases {
        assert_eq!(detect(text), Some(code), "{text:?}");
    }
}

#[test]
fn no_answer_is_better_than_a_wrong_one() {
    for text in ["", "12:30", "@jo https://example.org #nhs", "[NHS number]", "Xyzzy", "hahaha", "😀😀", "Bmqx vrtl"]
    {
        assert_eq!(detect(text), None, "{text:?}");
    }
}

#[test]
fn a_hint_decides_only_where_the_words_do_not() {
    assert_eq!(ENRICHER.detect("12:30 @jo", Some("en-GB")), None, "there are no words");
    assert_eq!(ENRICHER.detect("Xyzzy plugh", Some("en-GB")), Some("en"));
    assert_eq!(ENRICHER.detect("Xyzzy plugh", Some("tlh")), None, "not a language that we know");
    assert_eq!(ENRICHER.detect("no", None), None);
    assert_eq!(ENRICHER.detect("no", Some("es-MX")), Some("es"));
    assert_eq!(ENRICHER.detect("The nurse was very kind to me", Some("pl")), Some("en"));
}

#[test]
fn the_title_speaks_where_the_text_is_silent() {
    let mut post = untagged("https://example.org");
    post.post.title = Some("Waiting lists are growing again".to_owned());
    ENRICHER.enrich(std::slice::from_mut(&mut post));
    assert_eq!(post.language.as_deref(), Some("en"));
}
