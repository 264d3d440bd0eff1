//! The phrase files, which are part of the program.

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        /// Name and content of each phrase file.
        pub(crate) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../phrases/", $name)))),+];
    };
}

files![
    "common.txt",
    "forum.txt",
    "social.txt",
    "spoken.txt",
    "news.txt",
    "words.txt",
    "surgery.txt",
    "hospital.txt",
    "mind.txt",
    "family.txt",
    "later-life.txt",
    "conditions.txt",
    "everyday.txt",
    "staff.txt",
    "more-voices.txt",
    "issues-access.txt",
    "issues-services.txt",
    "issues-rooms.txt",
    "decoys.txt",
    "stories.txt",
    "stories-planned.txt",
    "languages/cy.txt",
    "languages/pl-ro.txt",
    "languages/ur-pa-bn-ar.txt",
    "languages/pt-es-so.txt",
];
