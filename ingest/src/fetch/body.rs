//! Reading an answer's body within limits, on the wire and while unpacking.

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{self, HeaderMap};

use super::Limits;
use super::error::{self, FetchError};
use super::headers::text;

/// What we can unpack; sent as `Accept-Encoding`.
pub(super) const ACCEPTED: &str = "gzip, deflate";

/// Reads the body of `response` from `host`, unpacked.
pub(super) async fn read(mut response: reqwest::Response, host: &str, limits: &Limits) -> Result<Vec<u8>, FetchError> {
    let too_large =
        || FetchError::TooLarge { host: host.to_owned(), limit_mib: limits.wire_bytes >> 20, when: "on the wire" };
    let announced = response.content_length().unwrap_or(0);
    if announced > limits.wire_bytes as u64 {
        return Err(too_large());
    }
    let mut packed = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|error| error::from_client(&error, host))? {
        if packed.len() + chunk.len() > limits.wire_bytes {
            return Err(too_large());
        }
        packed.extend_from_slice(&chunk);
    }
    let Some(packing) = Packing::of(response.headers(), host)? else { return Ok(packed) };
    let limit = limits.unpacked_bytes;
    let unpacked = tokio::task::spawn_blocking(move || packing.unpack(&packed, limit)).await;
    match unpacked {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => {
            Err(FetchError::TooLarge { host: host.to_owned(), limit_mib: limit >> 20, when: "when unpacked" })
        }
        Ok(Err(_)) | Err(_) => {
            Err(FetchError::BadAnswer { reason: format!("the compressed answer of {host} is damaged") })
        }
    }
}

#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Deflate,
}

impl Packing {
    /// How the body is packed; `None` when it is not.
    fn of(headers: &HeaderMap, host: &str) -> Result<Option<Self>, FetchError> {
        let Some(encoding) = text(headers, &header::CONTENT_ENCODING) else { return Ok(None) };
        match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Self::Gzip)),
            "deflate" => Ok(Some(Self::Deflate)),
            // One packing inside another is a way to make bombs; nobody needs it.
            _ => Err(FetchError::BadAnswer {
                reason: format!("{host} packed its answer in a way that we did not ask for (Content-Encoding)"),
            }),
        }
    }

    /// The unpacked body; `None` when it is larger than `limit` bytes.
    fn unpack(self, packed: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Gzip => read_at_most(MultiGzDecoder::new(packed), limit),
            // "deflate" means zlib by the standard, but some servers send it bare.
            Self::Deflate => read_at_most(ZlibDecoder::new(packed), limit)
                .or_else(|_| read_at_most(DeflateDecoder::new(packed), limit)),
        }
    }
}

/// Grows the body step by step instead of doubling it: eight bombs at once must not take twice the limit each.
fn read_at_most(reader: impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    const STEP: usize = 1 << 20;
    let mut reader = reader.take(limit as u64 + 1);
    let mut body = Vec::new();
    loop {
        body.reserve_exact(STEP.min(limit + 1));
        let mut step = reader.by_ref().take(STEP as u64);
        let before = body.len();
        step.read_to_end(&mut body)?;
        match body.len() {
            length if length > limit => return Ok(None),
            length if length == before => return Ok(Some(body)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn all_three_packings_are_unpacked() {
        let text = b"some text, some text, some text";
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        assert_eq!(Packing::Gzip.unpack(&gzip.finish().unwrap(), 100).unwrap().unwrap(), text);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(text).unwrap();
        assert_eq!(Packing::Deflate.unpack(&zlib.finish().unwrap(), 100).unwrap().unwrap(), text);
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(text).unwrap();
        assert_eq!(Packing::Deflate.unpack(&bare.finish().unwrap(), 100).unwrap().unwrap(), text);
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&vec![0; 1 << 20]).unwrap();
        assert_eq!(Packing::Gzip.unpack(&gzip.finish().unwrap(), 1 << 16).unwrap(), None);
    }
}
