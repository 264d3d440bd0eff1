//! `discovery search QUERY`: what the index holds, while or after the stages run.

use std::io::{Write, stdout};

use anyhow::{Context as _, Result};
use index::{Filter, Hit, Index, SearchPage, SearchRequest, Sort};
use jiff::tz::TimeZone;

use crate::cli::{Global, Search, SortBy};
use crate::run;

/// Prints the posts that fulfil the query.
///
/// # Errors
/// When there is no index, or the query cannot be read.
pub async fn execute(global: &Global, search: &Search) -> Result<()> {
    let config = run::load(global)?;
    let index = Index::open_read_only(&config.data_dir.join("index")).context(
        "there is nothing to search yet: run `discovery run` or `discovery import` on this data directory first",
    )?;
    let request = SearchRequest {
        filter: Filter { query: search.query.clone(), ..Filter::default() },
        sort: match search.sort {
            SortBy::Newest => Sort::Newest,
            SortBy::Best => Sort::Best,
        },
        page: 1,
        per_page: search.limit.into(),
    };
    let page = index.searcher().search(request).await?;
    let mut out = stdout().lock();
    if search.json {
        serde_json::to_writer(&mut out, &page)?;
        writeln!(out)?;
    } else {
        print(&mut out, &page)?;
    }
    Ok(out.flush()?)
}

fn print(out: &mut impl Write, page: &SearchPage) -> Result<()> {
    writeln!(out, "{} {}: {}", page.total, if page.total == 1 { "post" } else { "posts" }, page.understood)?;
    for hit in &page.hits {
        print_hit(out, hit)?;
    }
    let left = page.total.saturating_sub(page.hits.len() as u64);
    if left > 0 {
        writeln!(out, "\n{left} more: ask for more with -n, or open the search page")?;
    }
    Ok(())
}

fn print_hit(out: &mut impl Write, hit: &Hit) -> Result<()> {
    let post = &hit.post.post;
    let said = post.created_at.to_zoned(TimeZone::get("Europe/London")?);
    let tags: Vec<&str> = [post.channel.slug()]
        .into_iter()
        .chain(hit.post.language.as_deref())
        .chain(hit.post.sentiment.map(|sentiment| sentiment.label.slug()))
        .chain(hit.post.region())
        .chain(hit.post.topics.iter().map(|tag| tag.topic.as_str()))
        .collect();
    writeln!(out, "\n{}  {}  [{}]", said.strftime("%-d %B %Y, %H:%M"), post.source, tags.join(", "))?;
    if let Some(title) = &post.title {
        writeln!(out, "  {}", one_line(title))?;
    }
    let snippet: String = hit.snippet.iter().map(|piece| piece.text.as_str()).collect();
    writeln!(out, "  {}", one_line(&snippet))?;
    Ok(())
}

/// Posts are other people's text: control characters must not reach the terminal.
fn one_line(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_cannot_write_escape_codes_to_the_terminal() {
        assert_eq!(one_line("red \u{1b}[31malert\u{7}\n and more"), "red [31malert and more");
    }
}
