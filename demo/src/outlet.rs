//! The invented places where the conversation happens. No real organisation is meant.

use bus::Channel;

use crate::person::Role;
use crate::place::Region;

/// A place of publication.
#[derive(Debug)]
pub struct Outlet {
    /// Its name in URLs and as the id of a source.
    pub slug: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What kind of place it is.
    pub channel: Channel,
    /// How the local site publishes it.
    pub format: Format,
    /// The regions that it is for; empty for all of England.
    pub(crate) regions: &'static [Region],
    /// The kind of people that meet there, where there is one.
    pub(crate) role: Option<Role>,
    /// Its share of the posts of its channel.
    pub(crate) weight: f64,
}

/// How an outlet publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The REST API of Mastodon.
    Mastodon,
    /// RSS 2.0 in pages linked by `rel="next"` (RFC 5005).
    Rss,
    /// Atom in pages linked by `rel="next"` (RFC 5005).
    Atom,
    /// JSON Feed 1.1 in pages linked by `next_url`.
    JsonFeed,
}

impl Outlet {
    /// The index in [`OUTLETS`] of the outlet called `slug`.
    pub fn index(slug: &str) -> Option<usize> {
        OUTLETS.iter().position(|outlet| outlet.slug == slug)
    }

    /// Whether people from `region` are at home there.
    pub(crate) fn serves(&self, region: Region) -> bool {
        self.regions.is_empty() || self.regions.contains(&region)
    }
}

use Region::{East, London, Midlands, NorthEastAndYorkshire as NorthEast, NorthWest, SouthEast, SouthWest};

const fn outlet(slug: &'static str, name: &'static str, channel: Channel, format: Format, weight: f64) -> Outlet {
    Outlet { slug, name, channel, format, regions: &[], role: None, weight }
}

const fn social(slug: &'static str, name: &'static str, regions: &'static [Region], weight: f64) -> Outlet {
    Outlet { regions, ..outlet(slug, name, Channel::Social, Format::Mastodon, weight) }
}

const fn forum(slug: &'static str, name: &'static str, format: Format, role: Option<Role>, weight: f64) -> Outlet {
    Outlet { role, ..outlet(slug, name, Channel::Forum, format, weight) }
}

const fn news(slug: &'static str, name: &'static str, format: Format, regions: &'static [Region]) -> Outlet {
    Outlet { regions, ..outlet(slug, name, Channel::News, format, 1.0) }
}

/// All outlets but the meetings.
pub const OUTLETS: &[Outlet] = &[
    social("fellside-social", "Fellside Social", &[NorthEast, NorthWest], 1.0),
    social("thames-square", "Thames Square", &[London, SouthEast], 1.0),
    social("midshires-town", "Midshires Town", &[Midlands, East, SouthWest], 1.0),
    social("commons-chat", "Commons Chat", &[], 1.2),
    forum("waiting-room-boards", "The Waiting Room boards", Format::Rss, None, 3.0),
    forum("caretalk-circle", "CareTalk Circle", Format::Atom, Some(Role::Carer), 2.2),
    forum("nursery-gate", "Nursery Gate", Format::JsonFeed, Some(Role::Parent), 2.4),
    forum("second-spring", "Second Spring, for over-sixties", Format::Rss, Some(Role::Older), 1.6),
    forum("night-shift-lounge", "Night Shift Lounge", Format::Atom, Some(Role::Staff), 1.4),
    forum("sixth-form-common-room", "Sixth Form Common Room", Format::JsonFeed, Some(Role::Teen), 0.8),
    news("wharfedale-courier", "The Wharfedale Courier", Format::Rss, &[NorthEast]),
    news("tyne-and-tees-post", "The Tyne and Tees Lantern", Format::Rss, &[NorthEast]),
    news("irwell-gazette", "The Irwell Valley Bugle", Format::Atom, &[NorthWest]),
    news("ribble-lantern", "The Ribble Morning Star-Gazer", Format::Rss, &[NorthWest]),
    news("trent-clarion", "The Trentside Clarion", Format::Rss, &[Midlands]),
    news("severn-observer", "The Severn Vale Watchman", Format::Atom, &[Midlands, SouthWest]),
    news("fenland-crier", "The Fenland Crier", Format::Rss, &[East]),
    news("tamar-packet", "The Tamar and Exe Packet-Boat", Format::Rss, &[SouthWest]),
    news("thameside-enquirer", "The Thameside Enquirer", Format::JsonFeed, &[London]),
    news("weald-record", "The Weald and Downs Recorder", Format::Rss, &[SouthEast]),
    news("ward-round-weekly", "The Ward Round Weekly", Format::Atom, &[]),
    news("national-dispatch", "The National Foghorn", Format::Rss, &[]),
    Outlet {
        regions: &[NorthEast, NorthWest, Midlands],
        ..outlet("comments-north", "Readers' comments, north", Channel::Comment, Format::Atom, 1.0)
    },
    Outlet {
        regions: &[East, London, SouthEast, SouthWest],
        ..outlet("comments-south", "Readers' comments, south", Channel::Comment, Format::Atom, 1.0)
    },
];

/// The hashtags under which the social instances are read. Every social post carries at least one of them.
pub const FOLLOWED_TAGS: &[&str] =
    &["NHS", "GP", "Hospital", "HealthCare", "MentalHealth", "Carers", "PatientVoice", "Health"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_its_news_and_every_slug_can_be_a_source_id() {
        for region in Region::ALL {
            let local = |outlet: &&Outlet| outlet.channel == Channel::News && outlet.regions.contains(&region);
            assert!(OUTLETS.iter().any(|outlet| local(&outlet)), "{region:?}");
        }
        for outlet in OUTLETS {
            assert!(outlet.slug.parse::<bus::SourceId>().is_ok(), "{}", outlet.slug);
        }
    }
}
