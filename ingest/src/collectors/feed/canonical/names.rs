//! What the elements of all dialects mean: RSS 0.9 to 2.0, Atom 0.3 and 1.0, CDF, and the modules they are mixed with.

/// The vocabulary that an element is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// The dialects of RSS and Atom themselves, which share their names, and whatever has no namespace.
    Feed,
    DublinCore,
    DublinCoreTerms,
    Content,
    Itunes,
    Media,
    FeedBurner,
    Other,
}

/// The vocabulary that a namespace names; `None` if we know no more of it than that it is one.
pub(super) fn vocabulary(namespace: &str) -> Option<Vocabulary> {
    let name = namespace.trim().to_ascii_lowercase();
    let bare = name.split_once("://").map_or(&*name, |(_, rest)| rest).trim_end_matches(['/', '#']);
    Some(match bare {
        _ if bare.starts_with("backend.userland.com/rss") => Vocabulary::Feed,
        ""
        | "blogs.law.harvard.edu/tech/rss"
        | "purl.org/rss/1.0"
        | "my.netscape.com/rdf/simple/0.9"
        | "channel.netscape.com/rdf/simple/0.9"
        | "purl.org/atom/ns"
        | "www.w3.org/2005/atom"
        | "purl.org/echo"
        | "purl.org/pie"
        | "purl.org/rss/1.0/modules/rss091"
        | "example.com/newformat"
        | "example.com/necho"
        | "uri/of/echo/namespace" => Vocabulary::Feed,
        "purl.org/dc/elements/1.1" => Vocabulary::DublinCore,
        "purl.org/dc/terms" => Vocabulary::DublinCoreTerms,
        "purl.org/rss/1.0/modules/content" => Vocabulary::Content,
        "search.yahoo.com/mrss" => Vocabulary::Media,
        "rssnamespace.org/feedburner/ext/1.0" => Vocabulary::FeedBurner,
        _ if bare.ends_with("dtds/podcast-1.0.dtd") => Vocabulary::Itunes,
        "www.w3.org/1999/xhtml" | "www.w3.org/1999/02/22-rdf-syntax-ns" => Vocabulary::Other,
        _ => return None,
    })
}

/// The vocabulary that a prefix usually stands for, for documents that do not declare it.
pub(super) fn usual(prefix: &str) -> Vocabulary {
    match prefix {
        "" | "rss" | "atom" | "atom10" | "a10" => Vocabulary::Feed,
        "dc" => Vocabulary::DublinCore,
        "dcterms" => Vocabulary::DublinCoreTerms,
        "content" => Vocabulary::Content,
        "media" => Vocabulary::Media,
        "itunes" => Vocabulary::Itunes,
        "feedburner" => Vocabulary::FeedBurner,
        _ => Vocabulary::Other,
    }
}

/// What an element says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The outermost elements of a feed.
    Feed,
    Entry,
    Text(Text),
    Link,
    Enclosure,
    /// An identity that may be a link as well.
    Id,
    Date(Date),
    Author,
    Person(Person),
    Language,
    /// Minutes for which the feed need not be asked again.
    TimeToLive,
    /// Where the entry lies without the detour over a service that counts readers.
    OriginalLink,
    /// Has parts that are named like those of an entry, and do not belong to it.
    Skipped,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Title,
    /// The title of a picture or film in the entry.
    MediumTitle,
    Summary,
    Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Date {
    Published,
    Updated,
    Created,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Person {
    Name,
    Email,
    Uri,
}

/// What the element `local` (in lower case) of `vocabulary` says.
pub(super) fn role(vocabulary: Vocabulary, local: &str) -> Role {
    match vocabulary {
        Vocabulary::Feed => in_feed(local),
        Vocabulary::DublinCore => match local {
            "title" => Role::Text(Text::Title),
            "description" => Role::Text(Text::Summary),
            "date" => Role::Date(Date::Updated),
            "creator" | "author" => Role::Author,
            "language" => Role::Language,
            _ => Role::Unknown,
        },
        Vocabulary::DublinCoreTerms => match local {
            "issued" => Role::Date(Date::Published),
            "modified" => Role::Date(Date::Updated),
            "created" => Role::Date(Date::Created),
            _ => Role::Unknown,
        },
        Vocabulary::Content if local == "encoded" => Role::Text(Text::Content),
        Vocabulary::Itunes if local == "summary" => Role::Text(Text::Summary),
        Vocabulary::Itunes if local == "author" => Role::Author,
        Vocabulary::Media if local == "title" => Role::Text(Text::MediumTitle),
        Vocabulary::Media if local == "description" => Role::Text(Text::Summary),
        Vocabulary::FeedBurner if local == "origlink" => Role::OriginalLink,
        Vocabulary::Other if local == "rdf" => Role::Feed,
        _ => Role::Unknown,
    }
}

fn in_feed(local: &str) -> Role {
    match local {
        "rss" | "feed" | "channel" | "rdf" => Role::Feed,
        "item" | "entry" => Role::Entry,
        "title" => Role::Text(Text::Title),
        "summary" | "description" | "abstract" => Role::Text(Text::Summary),
        "content" | "body" | "fullitem" | "encoded" => Role::Text(Text::Content),
        "link" => Role::Link,
        "enclosure" => Role::Enclosure,
        "guid" | "id" => Role::Id,
        "published" | "issued" | "pubdate" => Role::Date(Date::Published),
        "updated" | "modified" | "lastbuilddate" => Role::Date(Date::Updated),
        "created" => Role::Date(Date::Created),
        "author" | "managingeditor" => Role::Author,
        "name" => Role::Person(Person::Name),
        "email" => Role::Person(Person::Email),
        "uri" | "url" | "homepage" => Role::Person(Person::Uri),
        "language" => Role::Language,
        "ttl" => Role::TimeToLive,
        "image" | "textinput" | "source" | "contributor" => Role::Skipped,
        _ => Role::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_known_by_their_name_and_not_by_its_spelling() {
        assert_eq!(vocabulary(" HTTP://purl.org/dc/elements/1.1/ "), Some(Vocabulary::DublinCore));
        assert_eq!(vocabulary("https://www.w3.org/2005/Atom/"), Some(Vocabulary::Feed));
        assert_eq!(vocabulary("http://backend.userland.com/RSS2"), Some(Vocabulary::Feed));
        assert_eq!(vocabulary("http://example.org/ours"), None);
    }
}
