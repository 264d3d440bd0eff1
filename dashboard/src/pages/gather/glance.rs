//! Gather as other pages see it: what is open, for the home page and the feed, and where a search becomes a flag.

use civic::gather::{self, Flag, FlagState, Order};
use url::form_urlencoded;

use super::{close_overdue, href};
use crate::error::AppError;
use crate::format::counted;
use crate::params::Params;
use crate::site::Site;

/// What is open for support.
pub struct Glance {
    /// How many flags: "1 flag is", "1,000 flags are".
    pub open: String,
    /// The one that most support: its address, and what it asks.
    pub first: Option<(String, String)>,
}

/// What the home page says of Gather.
///
/// # Errors
/// When the record cannot be read.
pub async fn glance(site: &Site) -> Result<Glance, AppError> {
    let (flags, open) = open(site, Order::Supported, 1).await?;
    let open = counted(open.into(), "flag is", "flags are");
    Ok(Glance { open, first: flags.first().map(|flag| (href(&flag.id), flag.want.clone())) })
}

/// The newest flags that are open.
///
/// # Errors
/// When the record cannot be read.
pub async fn newest(site: &Site, most: u32) -> Result<Vec<Flag>, AppError> {
    Ok(open(site, Order::Newest, most).await?.0)
}

async fn open(site: &Site, order: Order, most: u32) -> Result<(Vec<Flag>, u32), AppError> {
    close_overdue(site).await?;
    Ok(site.record().read(move |db| gather::list(db, &[FlagState::Published], order, 0, most)).await?)
}

/// Where a flag is raised with a search as its evidence.
pub fn raise_from_search(params: &Params) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("search", &params.query_string()).finish();
    format!("/gather/raise?{query}")
}
