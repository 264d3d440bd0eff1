//! The sources file that makes the real collectors read this site.

use std::net::SocketAddr;
use std::path::Path;

use bus::Channel;

use super::feeds::feed_file;
use crate::outlet::{FOLLOWED_TAGS, Format, OUTLETS, Outlet};
use crate::place::Region;
use crate::put::put;

/// The content of a sources file for the site at `addr` and the folder `transcripts`.
pub fn sources_toml(addr: SocketAddr, transcripts: &Path) -> String {
    let mut out = String::from(
        "# The sources of the demonstration. Everything that they give is fictional.\n# This file is written anew at each start.\n",
    );
    for outlet in OUTLETS {
        source(&mut out, outlet, addr);
    }
    for (slug, name) in
        [("moorland-mercury", "The Moorland Mercury"), ("harbour-notice-board", "The Harbour Notice Board")]
    {
        entry(&mut out, slug, name, "feed", "news", "60s");
        line(&mut out, "url", &format!("http://{addr}/{slug}/feed.xml"));
    }
    entry(&mut out, "meetings", "Meetings", "transcripts", "offline", "15s");
    line(&mut out, "folder", &transcripts.display().to_string());
    out
}

fn source(out: &mut String, outlet: &Outlet, addr: SocketAddr) {
    let slug = outlet.slug;
    if outlet.format == Format::Mastodon {
        entry(out, slug, outlet.name, "mastodon", outlet.channel.slug(), "15s");
        line(out, "url", &format!("http://{addr}/{slug}/"));
        out.push_str("tags = [");
        for (index, tag) in FOLLOWED_TAGS.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            out.push_str(&quoted(tag));
        }
        // A day more than the eight weeks, however long the first start takes.
        out.push_str("]\nbackfill = \"1368h\"\n");
    } else {
        let every = if outlet.channel == Channel::News { "30s" } else { "20s" };
        entry(out, slug, outlet.name, "feed", outlet.channel.slug(), every);
        line(out, "url", &format!("http://{addr}/{slug}/{}", feed_file(outlet)));
        if let (Channel::News, [region]) = (outlet.channel, outlet.regions) {
            line(out, "place", region_name(*region));
        }
    }
}

fn entry(out: &mut String, id: &str, name: &str, kind: &str, channel: &str, every: &str) {
    out.push_str("\n[[source]]\n");
    line(out, "id", id);
    line(out, "name", &format!("{name} (fictional)"));
    line(out, "kind", kind);
    line(out, "channel", channel);
    line(out, "every", every);
}

fn line(out: &mut String, key: &str, value: &str) {
    put(out, format_args!("{key} = {}\n", quoted(value)));
}

/// `text` as a TOML string: JSON's escapes are TOML's too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn region_name(region: Region) -> &'static str {
    match region {
        Region::East => "East of England",
        Region::London => "London",
        Region::Midlands => "Midlands",
        Region::NorthEastAndYorkshire => "North East and Yorkshire",
        Region::NorthWest => "North West",
        Region::SouthEast => "South East",
        Region::SouthWest => "South West",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_says_that_it_is_fictional_and_ids_differ() {
        let text = sources_toml("127.0.0.1:4321".parse().unwrap(), Path::new("/tmp/a \"b\""));
        let names: Vec<_> = text.lines().filter(|line| line.starts_with("name = ")).collect();
        assert_eq!(names.len(), OUTLETS.len() + 3);
        assert!(names.iter().all(|name| name.ends_with("(fictional)\"")));
        let mut ids: Vec<_> = text.lines().filter(|line| line.starts_with("id = ")).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), names.len());
        assert!(text.contains("folder = \"/tmp/a \\\"b\\\"\""));
        insta::assert_snapshot!(text.split("\n\n").nth(1).unwrap(), @r#"
        [[source]]
        id = "fellside-social"
        name = "Fellside Social (fictional)"
        kind = "mastodon"
        channel = "social"
        every = "15s"
        url = "http://127.0.0.1:4321/fellside-social/"
        tags = ["NHS", "GP", "Hospital", "HealthCare", "MentalHealth", "Carers", "PatientVoice", "Health"]
        backfill = "1368h"
        "#);
    }
}
