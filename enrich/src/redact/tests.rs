use proptest::prelude::*;

use super::*;

/// What is said, and what is left of it.
const CASES: &[(&str, &str)] = &[
    // NHS numbers.
    ("My NHS number is 943 476 5919, please help", "My NHS number is [NHS number], please help"),
    ("NHS no. 943-476-5919", "NHS no. [NHS number]"),
    ("nhs 9434765919 was on the letter", "nhs [NHS number] was on the letter"),
    ("Wrong checksum 123 456 7890 goes too", "Wrong checksum [NHS number] goes too"),
    ("943\u{a0}476\u{a0}5919", "[NHS number]"),
    ("943.476.5919", "[NHS number]"),
    ("(4857773456)", "([NHS number])"),
    ("NHS number: 94 34 76 59 19 ok", "NHS number: [NHS number] ok"),
    ("ref AB4857773456", "ref AB[NHS number]"),
    // Telephone numbers.
    ("Ring me on 07700 900123 tonight", "Ring me on [phone] tonight"),
    ("07700900123", "[phone]"),
    ("+44 7700 900123", "[phone]"),
    ("+447700900123.", "[phone]."),
    ("+44 (0)113 496 0123", "[phone]"),
    ("0044 7700 900 123", "[phone]"),
    ("(0113) 496 0123 is engaged", "[phone] is engaged"),
    ("020 7946 0018", "[phone]"),
    ("01632-960-123", "[phone]"),
    ("01632 960123 or 07700 900 456", "[phone] or [phone]"),
    ("call 0300 123 4567", "call [phone]"),
    ("tel:02079460018", "tel:[phone]"),
    ("077 00 900 123", "[phone]"),
    ("my cousin in Dublin +353 1 496 0123", "my cousin in Dublin [phone]"),
    ("0 7700 900123", "[phone]"),
    ("O7700 900123", "[phone]"),
    ("44 7700 900123", "[phone]"),
    ("999_123_4567", "[NHS number]"),
    ("999 1234567", "[NHS number]"),
    ("NHS # 999 12 34 567", "NHS # [NHS number]"),
    // E-mail addresses and handles.
    ("jo at example dot com", "[email]"),
    ("jo.bloggs (at) example [dot] co [dot] uk", "[email]"),
    ("jo @ example.org.", "[email]."),
    ("my email is jo at example.com", "my email is [email]"),
    ("write to jo.bloggs+nhs@example.co.uk.", "write to [email]."),
    ("JO@EXAMPLE.COM", "[email]"),
    ("<o'neil@example.org>", "<[email]>"),
    ("thanks @jo_bloggs!", "thanks [handle]!"),
    ("via @jo@mastodon.example, today", "via [handle], today"),
    (".@jo.bsky.social said", ".[handle] said"),
    ("u/some_user says so", "[handle] says so"),
    ("https://social.example/@jo/123", "https://social.example/[handle]/123"),
    // Postcodes.
    ("I live at LS6 1AA", "I live at [postcode LS6]"),
    ("ls6 1aa please", "[postcode LS6] please"),
    ("LS61AA", "[postcode LS6]"),
    ("SW1A 2AA, W12 8QT and M1 1AE", "[postcode SW1A], [postcode W12] and [postcode M1]"),
    ("(EC1V 9LB)", "([postcode EC1V])"),
    ("CR2-6XH", "[postcode CR2]"),
    // URLs.
    ("https://jo:pw@example.org/a b", "https://example.org/a b"),
    ("see https://example.org/p?id=7&token=abc123#top now", "see https://example.org/p?id=7#top now"),
    ("(https://example.org/?api_key=1)", "(https://example.org/)"),
    ("https://example.org/cb#access_token=xyz&state=1", "https://example.org/cb#state=1"),
    ("https://example.org/f?X-Amz-Signature=ff&part=2", "https://example.org/f?part=2"),
    // Dates of birth.
    ("dob 1/2/1960", "dob [date of birth]"),
    ("D.O.B: 01-02-60.", "D.O.B: [date of birth]."),
    ("date of birth is 1st February 1960", "date of birth is [date of birth]"),
    ("born on 3 May 2019 at home", "born on [date of birth] at home"),
    ("She was born 1960-02-01", "She was born [date of birth]"),
    ("my birthday is March 4th", "my birthday is [date of birth]"),
    ("DOB 01021960", "DOB [date of birth]"),
    ("www.example.org/r?token=abc&page=2", "www.example.org/r?page=2"),
    // Names.
    ("I'm Jane Smith and I care for Mum", "I'm [name] and I care for Mum"),
    ("This is Karen Whitmore speaking", "This is [name] speaking"),
    ("my husband, Geoffrey Lamb, waited", "my husband, [name], waited"),
    ("Kind regards,\nMargaret Ellis", "Kind regards,\n[name]"),
    ("My name is DEAN WEBB", "My name is [name]"),
    ("His name was Alfie", "His name was [name]"),
    ("My name is Sarah Jones and I wait", "My name is [name] and I wait"),
    ("my name's Aoife O\u{2019}Brien.", "my name's [name]."),
    ("Hi, I'm called Jean-Luc!", "Hi, I'm called [name]!"),
    ("my name is sarah, hello", "my name is [name], hello"),
    ("Dr Smith was kind", "Dr [name] was kind"),
    ("Saw Dr. A. K. Patel today", "Saw Dr. [name] today"),
    ("Mrs Okafor's appointment", "Mrs [name]'s appointment"),
    ("Professor Jane Doe said", "Professor [name] said"),
    ("a nurse called Blessing helped", "a nurse called [name] helped"),
    ("Nurse Blessing helped", "Nurse [name] helped"),
    ("we saw Doctor Smith today", "we saw Doctor [name] today"),
    ("https://example.org/?postcode=LS61AA", "https://example.org/?postcode=[postcode LS6]"),
    // Odd forms of each.
    ("NHS No: 943,476,5919", "NHS No: [NHS number]"),
    ("NHS No 943:476:5919", "NHS No [NHS number]"),
    ("patient 943|476|5919 waits", "patient [NHS number] waits"),
    ("943\u{2014}476\u{2014}5919", "[NHS number]"),
    ("NHS no\u{200b} 943\u{200b}476\u{2009}5919", "NHS no [NHS number]"),
    ("９４３ ４７６ ５９１９", "[NHS number]"),
    ("it is nine four three, four seven six, five nine one nine.", "it is [NHS number]."),
    ("CHI number 0101601234", "CHI number [NHS number]"),
    ("oh double seven double oh nine double oh one two three", "[phone]"),
    ("07 700 900 123", "[phone]"),
    ("0 7 7 0 0 9 0 0 1 2 3", "[phone]"),
    ("07700 900123: ring me", "[phone]: ring me"),
    ("07700,900,123", "[phone]"),
    ("jane-at-example-dot-com", "[email]"),
    ("jane <at> example <dot> com", "[email]"),
    ("jane＠example.com", "[email]"),
    ("https://example.org/?email=jane%40example.com", "https://example.org/?email=[email]"),
    ("LS6.1AA, LS6_1AA", "[postcode LS6], [postcode LS6]"),
    ("LS 6 1AA or LS6 1 AA", "[postcode LS6] or [postcode LS6]"),
    ("postcode: ls 61aa", "postcode: [postcode LS6]"),
    ("https://example.org/r?reset_token=abc&page=2", "https://example.org/r?page=2"),
    ("example.org/r?token=abc now", "example.org/r now"),
    ("https://example.org/x?otp=123456", "https://example.org/x"),
    ("DOB first of February 1960", "DOB [date of birth]"),
    ("date of birth the twenty-third of May nineteen sixty", "date of birth the [date of birth]"),
    ("d/o/b 01/02/1960", "d/o/b [date of birth]"),
    ("date of birth (dd/mm/yyyy): 01/02/1960", "date of birth (dd/mm/yyyy): [date of birth]"),
    ("born Monday 3rd May 1960", "born Monday [date of birth]"),
    ("born on May the 3rd, 1960", "born on [date of birth]"),
    ("my late husband Geoffrey waited", "my late husband [name] waited"),
    ("my 7 year old son Alfie waited", "my 7 year old son [name] waited"),
    ("our grandson (Alfie) waited", "our grandson ([name]) waited"),
    ("my son is called Alfie", "my son is called [name]"),
    ("our midwife, Julie, was great", "our midwife, [name], was great"),
    ("a lady called Blessing helped", "a lady called [name] helped"),
    ("the receptionist Karen Smith was rude", "the receptionist [name] was rude"),
    ("Name: Sarah Jones", "Name: [name]"),
    ("My full name is Sarah Jane Jones", "My full name is [name]"),
    ("Dr van der Berg was kind", "Dr [name] was kind"),
    ("dr patel is great, DR SMITH too", "dr [name] is great, DR [name] too"),
    ("my name is sarah jones and i wait", "my name is [name] and i wait"),
    ("Best wishes, Sarah Jones", "Best wishes, [name]"),
    ("Many thanks,\nSarah", "Many thanks,\n[name]"),
    ("Fy enw i yw Siân Jones", "Fy enw i yw [name]"),
    // Several together.
    (
        "I'm Dr Smith's patient, NHS 943 476 5919, LS6 1AA, jo@example.com, 07700 900123",
        "I'm Dr [name]'s patient, NHS [NHS number], [postcode LS6], [email], [phone]",
    ),
];

/// What must be left as it is.
const UNTOUCHED: &[&str] = &[
    "Call 111 or 999, or 116 123 for Samaritans, 24 hours",
    "The phones open at 8am and by 8:01 I am 34th in the queue",
    "It costs £1,200 and the trust owes £1234567890",
    "From 2019 to 2024, and 2019 2020 2021 2022",
    "COVID-19, B12, A&E, H5N1, HbA1c of 48",
    "Waiting in W12 and in LS6 since 01-02-2020 10:30",
    "12/05/2024 14:30 appointment cancelled",
    "Take the M1 2nd exit, then the A64 3rd left",
    "10 to 5pm, room 5 2nd floor, ward B6 4th bed",
    "meet @ 8am, or @8pm, or @10.30am",
    "2 x 500 mg at 08:00, 12:00 and 20:00",
    "7.4 million on the list, 0.1234567890 of it",
    "My name is not on the list and my name is still missing",
    "my name is on the waiting list",
    "the Dr said no, Dr At the surgery, no Dr The queue",
    "I have MS Nurse support and an MR scan",
    "Nurse Practitioner, Nurse Specialist and Sister Unit",
    "When Doctor Visits Are Short, Scans Can Miss Tumours",
    "Doctor called back and told me, the nurse called again.",
    "http://bit.ly/m14an and https://on.example/ls61aa and https://example.org/07700900123/",
    "I miss Mum. Miss the old surgery",
    "born in 1960, born at 31 weeks, born 2 weeks early",
    "https://www.example.org/news/health-12345678?page=2",
    "u/s scan at 20 weeks",
    "[NHS number] [phone] [email] [handle] [name] [date of birth] [postcode LS6]",
    "Galaxy at 100% of 3,456,789 people",
    "Look at nhs.uk, sign up at example.org, look at the dot on the scan",
    "I'm Welsh Labour, this is Great Ormond Street",
    "I'm So Tired Of This, my sister Said so, my mum is here",
    "MY NAME IS NOT ON THE LIST, with kind regards to all",
    "Open 9-5 Mon-Fri, 8.30-12.30 Sat",
    "one two three four five, nine one one one",
    "counts of 100, 200, 3000 and 943,476,591 in 2019, 2020, 2021",
    "the nurse called Monday, a lady called Sunday about it",
    "our midwife, Leeds and London, the receptionist At reception",
    "hospital name: Leeds, the name - Elm - of the ward",
    "dr said no, dr appointment, DR NOT HERE, mr scan",
    "born at 38 weeks on a Tuesday, born first may wait, first of all",
    "Thanks, Boris. Cheers, Leeds. Regards, Management",
    "B12 5mg and vitamin D3.10MG, room E1 4 people, SO 2 OK",
    "postcode lottery in LS6, is it open? e.g. at nhs.uk/x?page=2",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{645}\u{6cc}\u{200c}\u{631} １２",
    "",
];

#[test]
fn what_could_identify_a_person_is_replaced() {
    let redactor = Redactor::new();
    for (text, expected) in CASES {
        assert_eq!(redactor.redact(text), *expected, "for {text:?}");
    }
}

#[test]
fn what_only_looks_like_it_is_left_alone() {
    let redactor = Redactor::new();
    for text in UNTOUCHED {
        assert!(matches!(redactor.redact(text), Cow::Borrowed(_)), "{text:?} became {:?}", redactor.redact(text));
    }
}

#[test]
fn title_and_link_of_a_post_are_redacted_too() {
    let mut post = crate::testing::post("Text by jo@example.com");
    post.title = Some("Dr Smith writes".to_owned());
    post.url = Some("https://jo:pw@example.org/@jo/1?sig=abc".to_owned());
    Redactor::new().redact_post(&mut post);
    assert_eq!(post.text, "Text by [email]");
    assert_eq!(post.title.as_deref(), Some("Dr [name] writes"));
    assert_eq!(post.url.as_deref(), Some("https://example.org/@jo/1"));
}

/// Texts made of the pieces that the rules look at, so that they meet in every order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,11}",
        "[ .,()@/:?&=#+-]{1,2}",
        "[A-Za-z]{1,4}",
        prop::sample::select(vec![
            "LS6 1AA",
            "my name is ",
            "I'm ",
            "my wife, ",
            "regards,\n",
            " at ",
            " dot com",
            "www.",
            "Dr ",
            "dob ",
            "born on ",
            "1/2/1960",
            "Sarah ",
            "J. ",
            "https://",
            "?token=x",
            "07700 900123",
            "jo@example.com",
            "[postcode LS6]",
            "+44 ",
            "NHS no ",
            "é",
            "\u{a0}",
            "u/",
            "’s",
            "our midwife, ",
            "Name: ",
            "jo%40",
            "nine four three ",
            "postcode ls 61",
            "reset_token=y",
            "\u{200b}",
            "９４３",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn details_in_a_row_are_all_replaced() {
    let redactor = Redactor::new();
    assert_eq!(redactor.redact("@jo@mo@bo@so"), "[handle][handle]");
    for piece in ["@a@b", "a@b.cc", "LS6 1AA, ", "07700900123 ", "u/name ", "Dr Smith, ", "a%40b.cc"] {
        let redacted = redactor.redact(&piece.repeat(500)).into_owned();
        assert!(!redacted.contains('@') && !redacted.contains("1AA") && !redacted.contains("Smith"), "{redacted}");
    }
}

#[test]
fn a_long_row_of_addresses_is_looked_at_once() {
    // The square of its length would be a hundred thousand million steps.
    let text = "www.".repeat(1 << 18);
    assert!(matches!(Redactor::new().redact(&text), Cow::Borrowed(_)));
}

proptest! {
    #[test]
    fn redacting_twice_changes_nothing_more(text in pieces()) {
        let redactor = Redactor::new();
        let once = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.redact(&once), once.as_str());
    }

    #[test]
    fn what_is_found_is_not_left(form in 0..5_usize, last in "[0-9]{3}", before in "[a-z ,.!]{0,9}", after in "[ ,.!][a-z ]{0,9}") {
        let detail = match form {
            0 => format!("07700 900{last}"),
            1 => format!("01632 960{last}"),
            2 => format!("999 123 4{last}"),
            3 => format!("jo{last}@example.com"),
            _ => format!("jo.{last} at example dot com"),
        };
        let said = format!("{before} {detail}{after}");
        let redacted = Redactor::new().redact(&said).into_owned();
        prop_assert!(!redacted.contains(&detail), "{said:?} became {redacted:?}");
    }

    #[test]
    fn no_run_of_ten_digits_survives(text in "[a-z £]{0,5}", digits in "[1-9][0-9]{9}") {
        let said = format!("{text} {digits}");
        let redacted = Redactor::new().redact(&said).into_owned();
        prop_assert!(!redacted.contains(&digits));
    }

    #[test]
    fn any_text_is_withstood(text in any::<String>()) {
        Redactor::new().redact(&text);
    }
}
