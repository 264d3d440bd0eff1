use std::path::Path;
use std::sync::LazyLock;

use super::*;
use crate::testing::untagged;

static ENRICHER: LazyLock<LanguageEnricher> = LazyLock::new(|| {
    LanguageEnricher::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/models"))).unwrap()
});

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
fn languages_that_are_not_named_get_no_label() {
    let texts = [
        "De dokter was erg aardig en ik hoefde niet lang te wachten",
        "Läkaren var mycket snäll och jag behövde inte vänta länge",
        "Lægen var meget venlig, og jeg behøvede ikke at vente",
        "Lääkäri oli erittäin ystävällinen eikä minun tarvinnut odottaa",
        "Liječnik je bio vrlo ljubazan i nisam morala dugo čekati",
        "Ārsts bija ļoti laipns, un man nebija ilgi jāgaida",
        "Daktari alikuwa mkarimu sana na sikungoja muda mrefu",
        "Dokter itu sangat baik dan saya tidak perlu menunggu lama",
        "Bác sĩ rất tốt bụng và tôi không phải chờ lâu",
        "Лекарот беше многу љубезен и не чекав долго",
        "डॉक्टर खूप चांगले होते आणि मला जास्त वेळ थांबावे लागले नाही",
    ];
    for text in texts {
        assert_eq!(detect(text), None, "{text:?}");
    }
}

#[test]
fn noisy_english_stays_english() {
    let texts = [
        "omg the wait in a&e was soooo long lol",
        "cant belive they cancelled my apointment AGAIN",
        "Ozempic and Mounjaro out of stock in Ashby-de-la-Zouch",
        "tbh my gp surgery is a joke smh",
        "RT @someone: Big up the nurses at Ysbyty Gwynedd, legends #nhs https://example.org/a",
        "amitriptyline 10mg made me so drowsy, anyone else??",
        "Waited 4hrs 2 be seen by Dr O'Shaughnessy in Llandudno, gr8 staff tho",
    ];
    for text in texts {
        assert_eq!(detect(text), Some("en"), "{text:?}");
    }
}

#[test]
fn odd_texts_are_withstood_and_have_no_language() {
    let long = "na ".repeat(400_000);
    for text in [
        "",
        " \u{200b}\u{200d}\u{feff}",
        "\u{202e}\u{202d}",
        "\u{1f600}\u{1f468}\u{200d}\u{1f469}",
        "\u{fffd}\u{fffd}",
        "1234 5678",
        "?!",
        "\u{301}\u{302}",
    ] {
        assert_eq!(detect(text), None, "{text:?}");
    }
    detect(&long);
    detect(&"x".repeat(1 << 20));
    detect("The nurse said \u{202b}مرحبا بكم\u{202c} and we laughed about it");
    assert_eq!(detect("\u{200f}الطبيب كان لطيفا جدا معنا\u{200f}"), Some("ar"), "marks of direction are no letters");
    assert_eq!(detect("Th\u{200b}e nur\u{200b}ses were ki\u{200b}nd and I thank them all"), Some("en"));
}

#[test]
fn what_is_named_is_what_classifier_and_scripts_can_say() {
    let by_script = ["bn", "el", "gu", "he", "ja", "ko", "ml", "pa", "si", "ta", "te", "th", "zh"];
    let mut named: Vec<&str> = ENRICHER.model.named().chain(by_script).collect();
    named.sort_unstable();
    named.dedup();
    assert_eq!(named, NAMED);
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
