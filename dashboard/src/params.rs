//! What the URL asks for. Every filter of every page lives in the URL, under one set of names, so that a link means
//! the same posts on every page, in a download and in the API.
//!
//! Reading is tolerant: what is unknown is left out, and what cannot be read is kept for the form and reported there.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bus::{Channel, EventId, SentimentLabel};
use index::trends::Issue;
use index::trends::model::Status;
use index::{Filter, Sort};
use jiff::Timestamp;
use url::form_urlencoded;

use crate::facet::{Facet, LONGEST_VALUE};
use crate::labels;
use crate::period::{Period, Window, parse_date};

/// Values of one facet that are read at most; more could only be an attack or a mistake.
const MOST_VALUES: usize = 50;
/// Letters of a query that are kept, to be shown again. What is searched for has its own limit, where it is parsed.
const LONGEST_QUERY: usize = 4096;
/// Pages of results that can be asked for; what can be reached is less, and limited where it is searched.
const LAST_PAGE: usize = 10_000;

/// The filters, the order and the page that a URL asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// The query as typed.
    pub q: String,
    /// The period, or `None` for the page's own.
    pub period: Option<Period>,
    /// The values chosen, by facet, without doubles.
    pub chosen: BTreeMap<Facet, Vec<String>>,
    /// One offline meeting.
    pub event: Option<EventId>,
    /// What issues are doing, on the page of issues.
    pub status: Option<Status>,
    /// The order of results.
    pub sort: Sort,
    /// The page of results as the URL says it, or 0; see [`Params::page()`].
    pub page: usize,
    /// Dates that could not be read.
    pub problems: Vec<DateProblem>,
    /// Whether dates are to be chosen, but none is given yet.
    pub wants_dates: bool,
}

/// The first value that a query string gives `name`, for pages that ask for one thing only.
pub fn asked(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// A date that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateProblem {
    /// The parameter: "from" or "to".
    pub field: &'static str,
    /// What was typed.
    pub typed: String,
}

impl Params {
    /// Reads a URL's query, the part after `?`.
    pub fn read(query: &str) -> Self {
        let mut params = Self::default();
        let (mut from, mut to, mut period) = (None, None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "q" => value.trim().chars().take(LONGEST_QUERY).collect::<String>().clone_into(&mut params.q),
                "period" => period = Some(value),
                "from" => from = Some(value),
                "to" => to = Some(value),
                "event" => params.event = value.parse().ok(),
                "status" => params.status = labels::status_from_slug(&value),
                "sort" => params.sort = if value == "best" { Sort::Best } else { Sort::Newest },
                "page" => params.page = value.parse().ok().filter(|page| (2..=LAST_PAGE).contains(page)).unwrap_or(0),
                _ => {
                    if let Some(facet) = Facet::ALL.into_iter().find(|facet| facet.key() == key) {
                        params.choose(facet, &value);
                    }
                }
            }
        }
        let mut date = |field, typed: Option<std::borrow::Cow<'_, str>>| {
            let typed = typed.filter(|typed| !typed.trim().is_empty())?;
            let read = parse_date(&typed);
            if read.is_none() {
                let typed = typed.chars().take(LONGEST_VALUE).collect();
                params.problems.push(DateProblem { field, typed });
            }
            read
        };
        let (from, to) = (date("from", from), date("to", to));
        params.wants_dates = period.as_deref() == Some("dates") && from.is_none() && to.is_none();
        params.period = Period::read(period.as_deref(), from, to);
        params
    }

    /// The page of results, from 1.
    pub fn page(&self) -> usize {
        self.page.max(1)
    }

    /// The values chosen in a facet.
    pub fn chosen(&self, facet: Facet) -> &[String] {
        self.chosen.get(&facet).map_or(&[], Vec::as_slice)
    }

    /// Whether anything is asked for but a query and a period.
    pub fn has_choices(&self) -> bool {
        !self.chosen.is_empty() || self.event.is_some() || self.status.is_some()
    }

    /// Whether an issue has the status asked for, and posts that the choices of region and channel are about, as far as the trend list tells.
    pub fn concerns(&self, issue: &Issue) -> bool {
        let (regions, channels) = (self.chosen(Facet::Region), self.chosen(Facet::Channel));
        let in_region = issue.regions.iter().any(|(region, posts)| *posts > 0 && regions.contains(region));
        let in_channel = issue.channels.iter().any(|e| channels.iter().any(|slug| slug == e.channel.slug()));
        self.status.is_none_or(|status| status == issue.status)
            && (regions.is_empty() || in_region)
            && (channels.is_empty() || in_channel)
    }

    /// What to say of each problem: the id of its field, and the message.
    pub fn problem_messages(&self) -> Vec<(&'static str, String)> {
        self.problems
            .iter()
            .map(|problem| {
                let name = if problem.field == "from" { "First day" } else { "Last day" };
                (problem.field, format!("{name} must be a real date, like 6/8/2018"))
            })
            .collect()
    }

    /// Which posts these parameters are about, in a window of time.
    pub fn filter(&self, window: Option<Window>) -> Filter {
        let all = |facet| self.chosen(facet).to_vec();
        Filter {
            query: self.q.clone(),
            from: window.map(|window| window.from),
            until: window.map(|window| window.until),
            channels: self.chosen(Facet::Channel).iter().filter_map(|slug| Channel::from_slug(slug)).collect(),
            regions: all(Facet::Region),
            topics: all(Facet::Topic),
            sentiments: self.chosen(Facet::Feeling).iter().filter_map(|slug| SentimentLabel::from_slug(slug)).collect(),
            languages: all(Facet::Language),
            sources: self.chosen(Facet::Source).iter().filter_map(|id| id.parse().ok()).collect(),
            event: self.event.clone(),
        }
    }

    /// The window of the period asked for, or of `usual` where the URL says none.
    pub fn window(&self, usual: Period, now: Timestamp) -> Option<Window> {
        self.period.unwrap_or(usual).window(now)
    }

    /// The URL of `path` with these parameters, always written the same way.
    pub fn href(&self, path: &str) -> String {
        let query = self.query_string();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// These parameters as a URL's query.
    pub fn query_string(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.q.is_empty() {
            query.append_pair("q", &self.q);
        }
        for (key, value) in self.period.iter().flat_map(|period| period.pairs()) {
            query.append_pair(key, &value);
        }
        if self.wants_dates {
            query.append_pair("period", "dates");
        }
        for problem in &self.problems {
            query.append_pair(problem.field, &problem.typed);
        }
        for (facet, values) in &self.chosen {
            for value in values {
                query.append_pair(facet.key(), value);
            }
        }
        if let Some(event) = &self.event {
            query.append_pair("event", event.as_str());
        }
        if let Some(status) = self.status {
            query.append_pair("status", labels::status_slug(status));
        }
        if self.sort == Sort::Best {
            query.append_pair("sort", "best");
        }
        if self.page() > 1 {
            query.append_pair("page", &self.page.to_string());
        }
        query.finish()
    }

    /// The same, on another page of results.
    pub fn at_page(&self, page: usize) -> Self {
        Self { page, ..self.clone() }
    }

    /// The same, in another order, from the first page.
    pub fn sorted(&self, sort: Sort) -> Self {
        Self { sort, page: 0, ..self.clone() }
    }

    /// The same over another period, from the first page.
    pub fn over(&self, period: Option<Period>) -> Self {
        Self { period, page: 0, problems: Vec::new(), wants_dates: false, ..self.clone() }
    }

    /// The same with a value more, from the first page.
    pub fn with(&self, facet: Facet, value: &str) -> Self {
        let mut params = self.at_page(0);
        params.choose(facet, value);
        params
    }

    /// The same without one value, from the first page.
    pub fn without(&self, facet: Facet, value: &str) -> Self {
        let mut params = self.at_page(0);
        if let Some(values) = params.chosen.get_mut(&facet) {
            values.retain(|chosen| chosen != value);
        }
        params.chosen.retain(|_, values| !values.is_empty());
        params
    }

    /// The same without any choice in a facet: what a facet's own counts are made from.
    pub fn without_facet(&self, facet: Facet) -> Self {
        let mut params = self.at_page(0);
        params.chosen.remove(&facet);
        params
    }

    /// The query and the order alone.
    pub fn without_filters(&self) -> Self {
        Self { q: self.q.clone(), sort: self.sort, ..Self::default() }
    }

    fn choose(&mut self, facet: Facet, value: &str) {
        if !facet.accepts(value) {
            return;
        }
        let values = self.chosen.entry(facet).or_default();
        if values.len() < MOST_VALUES && !values.iter().any(|chosen| chosen == value) {
            values.push(value.to_owned());
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_url_becomes_a_filter() {
        let params = Params::read(
            "q=+queue+AND+%22call+back%22&type=offline&type=social&type=tv&region=london&feeling=negative&period=dates&from=6/8/2018&to=2018-08-07&sort=best&page=3",
        );
        let filter = params.filter(params.window(Period::Any, Timestamp::UNIX_EPOCH));
        assert_eq!(filter.query, "queue AND \"call back\"");
        assert_eq!(filter.channels, [Channel::Offline, Channel::Social]);
        assert_eq!(filter.sentiments, [SentimentLabel::Negative]);
        assert_eq!(filter.from.unwrap().to_string(), "2018-08-05T23:00:00Z");
        assert_eq!(filter.until.unwrap().to_string(), "2018-08-07T23:00:00Z");
        insta::assert_snapshot!(params.href("/search"), @"/search?q=queue+AND+%22call+back%22&period=dates&from=2018-08-06&to=2018-08-07&type=offline&type=social&region=london&feeling=negative&sort=best&page=3");
    }

    #[test]
    fn a_date_that_cannot_be_read_is_kept_and_reported() {
        let params = Params::read("period=dates&from=31/2/2018&to=");
        assert_eq!(params.problems, [DateProblem { field: "from", typed: "31/2/2018".to_owned() }]);
        assert_eq!(Params::read(&params.query_string()), params);
    }

    #[test]
    fn links_change_one_thing_and_go_to_the_first_page() {
        let params = Params::read("q=a&type=social&type=news&page=7");
        assert_eq!(params.without(Facet::Channel, "social").query_string(), "q=a&type=news");
        assert_eq!(params.with(Facet::Region, "london").query_string(), "q=a&type=social&type=news&region=london");
        assert_eq!(params.without_facet(Facet::Channel).query_string(), "q=a");
        assert_eq!(params.without_filters().query_string(), "q=a");
    }

    fn any_params() -> impl Strategy<Value = Params> {
        let value = || proptest::collection::vec("[a-z][a-z-]{0,12}", 0..4);
        let period = prop_oneof![
            Just(None),
            Just(Some(Period::Day)),
            Just(Some(Period::Week)),
            Just(Some(Period::FourWeeks)),
            Just(Some(Period::Any)),
            (0_i32..3000, 0_i32..60).prop_map(|(start, days)| {
                let first = date(2018, 1, 1).saturating_add(jiff::Span::new().days(start));
                Some(Period::Dates { first, last: first.saturating_add(jiff::Span::new().days(days)) })
            }),
        ];
        let channels = proptest::sample::subsequence(Channel::ALL.to_vec(), 0..=5);
        ("\\PC{0,40}", period, channels, value(), value(), any::<bool>(), 0..=LAST_PAGE).prop_map(
            |(q, period, channels, regions, sources, best, page)| {
                let mut params = Params { q: q.trim().to_owned(), period, page, ..Params::default() };
                params.sort = if best { Sort::Best } else { Sort::Newest };
                params.page = if page > 1 { page } else { 0 };
                for channel in channels {
                    params.choose(Facet::Channel, channel.slug());
                }
                for region in &regions {
                    params.choose(Facet::Region, region);
                }
                for source in &sources {
                    params.choose(Facet::Source, source);
                }
                params
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(params in any_params()) {
            prop_assert_eq!(Params::read(&params.query_string()), params);
        }

        #[test]
        fn no_url_is_too_strange_to_be_read(query in "\\PC{0,80}|(q|period|from|to|type|page)=[%0-9a-f&=+]{0,30}") {
            let params = Params::read(&query);
            prop_assert_eq!(Params::read(&params.query_string()), params);
        }
    }
}
