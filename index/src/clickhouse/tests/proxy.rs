//! A connection that breaks at the worst moment: after the server has done its work, and before it could say so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the request of a batch has, and no other.
const BATCH: &[u8] = b"insert_deduplication_token=";

/// Passes everything on, but for a reply that is to be lost.
pub struct Proxy {
    port: u16,
    losing: Arc<AtomicBool>,
}

impl Proxy {
    /// Stands before the server at `url`.
    pub async fn start(url: &str) -> Self {
        let server = url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let losing = Arc::new(AtomicBool::new(false));
        let lose = Arc::clone(&losing);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&lose)));
            }
        });
        Self { port, losing }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The reply to the next batch is lost.
    pub fn lose_next_reply(&self) {
        self.losing.store(true, Ordering::SeqCst);
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, lose: Arc<AtomicBool>) {
    let (mut request, mut reply) = (vec![0; 65_536], vec![0; 65_536]);
    let mut losing = false;
    loop {
        tokio::select! {
            read = client.read(&mut request) => match read {
                Ok(size) if size > 0 => {
                    let batch = request[..size].windows(BATCH.len()).any(|window| window == BATCH);
                    losing |= batch && lose.swap(false, Ordering::SeqCst);
                    server.write_all(&request[..size]).await.unwrap();
                }
                _ => return,
            },
            read = server.read(&mut reply) => match read {
                Ok(size) if size > 0 && !losing => client.write_all(&reply[..size]).await.unwrap(),
                // Dropping both ends is the break.
                _ => return,
            },
        }
    }
}
