//! Style sheets, scripts and images: compiled in, and served under addresses that change with their content, so that
//! browsers may keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: &'static [u8],
    hash: String,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let files: [(&str, &str, &[u8]); 8] = [
        ("nhsuk-frontend.min.css", CSS, include_bytes!("../assets/nhsuk/nhsuk-frontend.min.css")),
        ("nhsuk-frontend.min.js", JAVASCRIPT, include_bytes!("../assets/nhsuk/nhsuk-frontend.min.js")),
        ("nhsuk-icon-arrow-down.svg", SVG, include_bytes!("../assets/nhsuk/nhsuk-icon-arrow-down.svg")),
        ("nhsuk-icon-arrow-up.svg", SVG, include_bytes!("../assets/nhsuk/nhsuk-icon-arrow-up.svg")),
        ("nhsuk-icon-arrow-up-down.svg", SVG, include_bytes!("../assets/nhsuk/nhsuk-icon-arrow-up-down.svg")),
        ("nhsuk-icon-cross.svg", SVG, include_bytes!("../assets/nhsuk/nhsuk-icon-cross.svg")),
        ("discovery.css", CSS, include_bytes!("../assets/discovery.css")),
        ("icon.svg", SVG, include_bytes!("../assets/icon.svg")),
    ];
    let boot = ("boot.js", JAVASCRIPT, &include_bytes!("../assets/boot.js")[..]);
    files
        .into_iter()
        .chain([boot])
        .map(|(name, content_type, content)| {
            let hash = blake3::hash(content).to_hex()[..16].to_owned();
            Asset { name, content_type, content, hash }
        })
        .collect()
});

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
/// A year, the longest that caches keep anything; the address changes when the content does.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Images that the vendored style sheet asks for by a fixed address.
const FOR_A_DAY: &str = "public, max-age=86400";

/// The address of an asset, with the hash of its content.
pub fn url(name: &str) -> String {
    find(name).map_or_else(|| format!("/assets/{name}"), |asset| format!("/assets/{}/{name}", asset.hash))
}

/// `/assets/{hash}/{name}`.
pub async fn hashed(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = find(&name) else { return StatusCode::NOT_FOUND.into_response() };
    // A page from before an update asks with the old hash: what it gets is newer, and must not be kept under that.
    respond(asset, if hash == asset.hash { FOR_EVER } else { FOR_A_DAY }, &headers)
}

/// `/assets/images/{name}`, which the vendored style sheet asks for.
pub async fn image(Path(name): Path<String>, headers: HeaderMap) -> Response {
    find(&name).map_or_else(|| StatusCode::NOT_FOUND.into_response(), |asset| respond(asset, FOR_A_DAY, &headers))
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

fn respond(asset: &'static Asset, keep: &'static str, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", asset.hash);
    let headers = [
        (header::CONTENT_TYPE, asset.content_type.to_owned()),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::ETAG, tag.clone()),
    ];
    let same = asked
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag));
    if same { (StatusCode::NOT_MODIFIED, headers).into_response() } else { (headers, asset.content).into_response() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_asset_is_kept_for_ever_under_its_hash_and_not_sent_twice() {
        let address = url("discovery.css");
        let hash = address.split('/').nth(2).unwrap().to_owned();
        let ask = |hash: &str, headers| hashed(Path((hash.to_owned(), "discovery.css".to_owned())), headers);

        let first = ask(&hash, HeaderMap::new()).await;
        assert_eq!(first.headers()[header::CACHE_CONTROL], FOR_EVER);
        let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
        assert_eq!(ask(&hash, known).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(ask("old", HeaderMap::new()).await.headers()[header::CACHE_CONTROL], FOR_A_DAY);
    }

    #[test]
    fn the_vendored_style_sheet_asks_only_for_what_is_served_here() {
        let sheet = std::str::from_utf8(find("nhsuk-frontend.min.css").unwrap().content).unwrap();
        assert!(!sheet.contains("@font-face"), "the font is licensed to NHS bodies only");
        for address in sheet.split("url(").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let name = address.strip_prefix("/assets/images/");
            assert!(name.is_some_and(|name| find(name).is_some()), "{address} is not served");
        }
    }
}
