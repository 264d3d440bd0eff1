//! Addresses that tell what they are by their host or their form.

use toml::Value;
use url::Url;

use super::{Network, Proposal, host};

/// What an address tells by itself.
#[derive(Debug)]
pub(super) enum Told {
    /// Everything.
    Source(Proposal),
    /// A part of a server, if the server is what the form says.
    Server(Server),
}

/// A part of a server of an open network.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) network: Network,
    pub(super) url: Url,
    /// The hashtag or the community.
    part: String,
}

impl Server {
    pub(super) fn proposal(&self) -> Proposal {
        let (url, part) = (text(self.url.as_str()), list(&self.part));
        if self.network == Network::Mastodon {
            let name = format!("Mastodon: #{} on {}", self.part, host(&self.url));
            return Proposal::new("mastodon", name, vec![("url", url), ("tags", part)]);
        }
        let name = format!("Lemmy: {} on {}", self.part, host(&self.url));
        Proposal::new("lemmy", name, vec![("url", url), ("communities", part)])
    }
}

/// What `url` tells by its host or form.
///
/// # Errors
/// Plain words, when it is a known host but not a part of it that can be collected.
pub(super) fn told_by_form(url: &Url) -> Result<Option<Told>, String> {
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()).collect();
    let source = match host(url).trim_start_matches("www.").trim_start_matches("old.").trim_start_matches("m.") {
        "reddit.com" if !looks_like_feed(url) => reddit(url, &segments)?,
        "youtube.com" | "youtu.be" if !looks_like_feed(url) => youtube(url, &segments)?,
        "x.com" | "twitter.com" => x(url, &segments)?,
        "bsky.app" => bluesky(url, &segments)?,
        _ => return Ok(server(url, &segments).map(Told::Server)),
    };
    Ok(Some(Told::Source(source)))
}

fn reddit(url: &Url, segments: &[&str]) -> Result<Proposal, String> {
    let ["r", subreddit, ..] = segments else {
        return Err("give the address of a subreddit, such as https://www.reddit.com/r/nhs".to_owned());
    };
    let mut keys = vec![("subreddits", list(subreddit))];
    let mut name = format!("Reddit: r/{subreddit}");
    if let Some(search) = parameter(url, "q") {
        name = format!("{name}, {search}");
        keys.push(("search", text(&search)));
    }
    let note = "it is read over RSS, without comments and deletions; with `client_id` and `client_secret` it is read over the API";
    Ok(Proposal::new("reddit", name, keys).with_note(note))
}

fn youtube(url: &Url, segments: &[&str]) -> Result<Proposal, String> {
    let (key, id) = match (segments, parameter(url, "v")) {
        (["watch"], Some(video)) => ("videos", video),
        (["shorts" | "live" | "embed", video, ..], _) => ("videos", (*video).to_owned()),
        ([video], _) if host(url) == "youtu.be" => ("videos", (*video).to_owned()),
        (["channel", channel, ..], _) => ("channels", (*channel).to_owned()),
        _ => {
            return Err("give the address of a video (youtube.com/watch?v=...) or of a channel with its id (youtube.com/channel/UC...); the page of a channel shows its id under \"share\"".to_owned());
        }
    };
    let key_of_api = Value::Table([("env".to_owned(), text("YOUTUBE_API_KEY"))].into_iter().collect());
    let keys = vec![(key, list(&id)), ("key", key_of_api)];
    let note = "it needs an API key, which Google gives free of charge, in the environment variable YOUTUBE_API_KEY";
    Ok(Proposal::new("youtube", format!("YouTube: comments under {id}"), keys).with_note(note))
}

fn x(url: &Url, segments: &[&str]) -> Result<Proposal, String> {
    let query = match (segments, parameter(url, "q")) {
        (["search"], Some(query)) => query,
        (["hashtag", tag, ..], _) => format!("#{tag}"),
        _ => {
            return Err("give the address of a search (x.com/search?q=...) or of a hashtag (x.com/hashtag/...); people are not followed one by one".to_owned());
        }
    };
    let name = format!("X: {query}");
    let token = Value::Table([("env".to_owned(), text("X_BEARER_TOKEN"))].into_iter().collect());
    let keys = vec![("query", text(&format!("{query} -is:retweet"))), ("token", token)];
    let note =
        "it needs the bearer token of an application with access to search, in the environment variable X_BEARER_TOKEN";
    Ok(Proposal::new("x", name, keys).with_note(note))
}

fn bluesky(url: &Url, segments: &[&str]) -> Result<Proposal, String> {
    let keyword = match (segments, parameter(url, "q")) {
        (["search"], Some(query)) => query,
        (["hashtag", tag, ..], _) => format!("#{tag}"),
        _ => {
            return Err("give the address of a search (bsky.app/search?q=...) or of a hashtag (bsky.app/hashtag/...); people are not followed one by one".to_owned());
        }
    };
    Ok(Proposal::new("bluesky", format!("Bluesky: {keyword}"), vec![("keywords", list(&keyword))]))
}

/// `/tags/TAG` is how Mastodon's addresses of hashtags look, `/c/NAME` how Lemmy's of communities do. Discourse has
/// `/c/NAME/NUMBER`.
fn server(url: &Url, segments: &[&str]) -> Option<Server> {
    let (network, part) = match segments {
        ["tags", tag] => (Network::Mastodon, tag),
        ["c", name] => (Network::Lemmy, name),
        _ => return None,
    };
    Some(Server { network, url: site(url), part: (*part).to_owned() })
}

/// The forum that has the page `url`, or the category that it is.
pub(super) fn discourse(url: &Url, name: String) -> Proposal {
    let path = url.path();
    let forum_path = ["/c/", "/t/", "/latest", "/categories"].iter().filter_map(|part| path.find(part)).min();
    let mut forum = site(url);
    forum.set_path(&format!("{}/", path[..forum_path.unwrap_or(path.len())].trim_end_matches('/')));
    let mut keys = vec![("url", text(forum.as_str()))];
    if let Some((_, category)) = path.split_once("/c/")
        && let Some(number) = category.split('/').rev().find_map(|part| part.parse::<i64>().ok())
    {
        keys.push(("categories", Value::Array(vec![Value::Integer(number)])));
    }
    Proposal::new("discourse", name, keys)
}

/// The root of the site that has the page `url`.
pub(super) fn site(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("/");
    root.set_query(None);
    root.set_fragment(None);
    root
}

/// Whether the address itself says that it is one of a feed, which is there for programs.
pub(super) fn looks_like_feed(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let named =
        path.split(['/', '.', '-', '_']).any(|part| matches!(part, "rss" | "feed" | "feeds" | "atom" | "xml" | "rdf"));
    named || path.rsplit_once('.').is_some_and(|(_, extension)| extension == "json")
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, value)| key == name && !value.trim().is_empty()).map(|(_, value)| value.into_owned())
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn list(item: &str) -> Value {
    Value::Array(vec![text(item)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(url: &str) -> Result<String, String> {
        let url = Url::parse(url).unwrap();
        let proposal = match told_by_form(&url)? {
            Some(Told::Source(proposal)) => proposal,
            Some(Told::Server(server)) => server.proposal(),
            None => return Ok("unknown".to_owned()),
        };
        let keys: Vec<String> = proposal.keys.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        Ok(format!("{}: {}", proposal.kind, keys.join(", ")))
    }

    #[test]
    fn known_hosts_and_forms_tell_what_they_are() {
        let cases = [
            ("https://www.reddit.com/r/nhs/", "reddit: subreddits = [\"nhs\"]"),
            (
                "https://old.reddit.com/r/unitedkingdom/search?q=NHS&sort=new",
                "reddit: subreddits = [\"unitedkingdom\"], search = \"NHS\"",
            ),
            (
                "https://youtu.be/abc_DEF-123?t=5",
                "youtube: videos = [\"abc_DEF-123\"], key = { env = \"YOUTUBE_API_KEY\" }",
            ),
            ("https://m.youtube.com/watch?v=abc", "youtube: videos = [\"abc\"], key = { env = \"YOUTUBE_API_KEY\" }"),
            (
                "https://www.youtube.com/channel/UCx/videos",
                "youtube: channels = [\"UCx\"], key = { env = \"YOUTUBE_API_KEY\" }",
            ),
            (
                "https://x.com/search?q=nhs%20wait",
                "x: query = \"nhs wait -is:retweet\", token = { env = \"X_BEARER_TOKEN\" }",
            ),
            (
                "https://twitter.com/hashtag/NHS",
                "x: query = \"#NHS -is:retweet\", token = { env = \"X_BEARER_TOKEN\" }",
            ),
            ("https://bsky.app/hashtag/nhs", "bluesky: keywords = [\"#nhs\"]"),
            ("https://social.example/tags/nhs", "mastodon: url = \"https://social.example/\", tags = [\"nhs\"]"),
            (
                "https://lemmy.example/c/health@far.example",
                "lemmy: url = \"https://lemmy.example/\", communities = [\"health@far.example\"]",
            ),
            ("https://www.reddit.com/r/nhs/new/.rss", "unknown"),
            ("https://example.org/blog", "unknown"),
        ];
        for (url, expected) in cases {
            assert_eq!(told(url).unwrap(), expected, "{url}");
        }
    }

    #[test]
    fn people_and_front_pages_are_refused_with_what_to_give_instead() {
        for url in [
            "https://x.com/somebody",
            "https://bsky.app/profile/a.example",
            "https://www.youtube.com/@name",
            "https://reddit.com/",
        ] {
            assert!(told(url).unwrap_err().starts_with("give the address of"), "{url}");
        }
    }

    #[test]
    fn a_forum_may_lie_in_a_folder_and_a_category_has_its_number() {
        let keys = |url: &str| format!("{:?}", discourse(&Url::parse(url).unwrap(), String::new()).keys);
        assert!(keys("https://a.example/forum/c/gp/access/12?x=1").contains("https://a.example/forum/"));
        assert!(keys("https://a.example/forum/c/gp/access/12").contains("Integer(12)"));
        assert!(!keys("https://a.example/t/slug/12/3").contains("categories"));
    }
}
