//! A connection that breaks at the worst moments: before the server has a batch, or after it has done its work and before it
//! could say so.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the request of a batch has, and no other.
const BATCH: &[u8] = b"insert_deduplication_token=";

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    Request,
    Reply,
}

/// Passes everything on, but for what is to be lost.
pub struct Proxy {
    port: u16,
    next: Arc<Mutex<Option<Loss>>>,
}

impl Proxy {
    /// Stands before the server at `url`.
    pub async fn start(url: &str) -> Self {
        let server = url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let next = Arc::new(Mutex::new(None));
        let losing = Arc::clone(&next);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&losing)));
            }
        });
        Self { port, next }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Loses this of the next batch.
    pub fn lose(&self, loss: Loss) {
        *self.next.lock().unwrap() = Some(loss);
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, next: Arc<Mutex<Option<Loss>>>) {
    let (mut request, mut reply) = (vec![0; 65_536], vec![0; 65_536]);
    let mut losing = None;
    loop {
        tokio::select! {
            read = client.read(&mut request) => match read {
                Ok(size) if size > 0 => {
                    if request[..size].windows(BATCH.len()).any(|window| window == BATCH) {
                        losing = next.lock().unwrap().take();
                    }
                    // Dropping both ends is the break.
                    if losing == Some(Loss::Request) {
                        return;
                    }
                    server.write_all(&request[..size]).await.unwrap();
                }
                _ => return,
            },
            read = server.read(&mut reply) => match read {
                Ok(size) if size > 0 && losing.is_none() => client.write_all(&reply[..size]).await.unwrap(),
                _ => return,
            },
        }
    }
}
