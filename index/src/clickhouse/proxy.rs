//! For tests: a connection that breaks at the worst moments: before the server has a batch, or after it has done its work and before it
//! could say so; and a server that says no.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What the request of a batch has, and no other.
const BATCH: &[u8] = b"insert_deduplication_token=";

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// The next batch never reaches the server.
    Request,
    /// The server takes the next batch, and its answer reaches nobody.
    Reply,
    /// Every request is answered like this until something else is said, and reaches nobody.
    RefuseAll(&'static str),
    /// The same with batches only.
    RefuseBatches(&'static str),
}

/// Passes everything on, but for what is to be lost.
pub struct Proxy {
    port: u16,
    next: Arc<Mutex<Option<Loss>>>,
    refused: Arc<Notify>,
}

impl Proxy {
    /// Stands before the server at `url`.
    ///
    /// # Panics
    /// When that is no address of plain HTTP, or there is no free port.
    pub async fn start(url: &str) -> Self {
        let server = url.strip_prefix("http://").expect("it is plain HTTP").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("it listens").port();
        let next = Arc::new(Mutex::new(None));
        let refused = Arc::new(Notify::new());
        let (losing, refusing) = (Arc::clone(&next), Arc::clone(&refused));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A server that is away answers nobody.
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                tokio::spawn(pass(client, server, Arc::clone(&losing), Arc::clone(&refusing)));
            }
        });
        Self { port, next, refused }
    }

    /// Where it is to be asked instead of the server.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Loses this of the next batch.
    pub fn lose(&self, loss: Loss) {
        *self.next() = Some(loss);
    }

    /// Whether what was to be lost is.
    pub fn has_lost(&self) -> bool {
        self.next().is_none()
    }

    /// Waits until something was refused.
    pub async fn refused(&self) {
        self.refused.notified().await;
    }

    fn next(&self) -> MutexGuard<'_, Option<Loss>> {
        lock(&self.next)
    }
}

fn lock(next: &Mutex<Option<Loss>>) -> MutexGuard<'_, Option<Loss>> {
    next.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pass(mut client: TcpStream, mut server: TcpStream, next: Arc<Mutex<Option<Loss>>>, refused: Arc<Notify>) {
    let (mut request, mut reply) = (vec![0; 65_536], vec![0; 65_536]);
    let mut losing = None;
    loop {
        tokio::select! {
            read = client.read(&mut request) => match read {
                Ok(size) if size > 0 => {
                    let is_batch = request[..size].windows(BATCH.len()).any(|window| window == BATCH);
                    let wanted = *lock(&next);
                    match wanted {
                        Some(Loss::RefuseAll(text)) => return refuse(client, text, &refused).await,
                        Some(Loss::RefuseBatches(text)) if is_batch => return refuse(client, text, &refused).await,
                        Some(Loss::Request | Loss::Reply) if is_batch => losing = lock(&next).take(),
                        _ => {}
                    }
                    // Dropping both ends is the break.
                    if losing == Some(Loss::Request) {
                        return;
                    }
                    if server.write_all(&request[..size]).await.is_err() {
                        return;
                    }
                }
                _ => return,
            },
            read = server.read(&mut reply) => match read {
                Ok(size) if size > 0 && losing.is_none() && client.write_all(&reply[..size]).await.is_ok() => {}
                _ => return,
            },
        }
    }
}

/// Answers as `ClickHouse` does when it says no, and hears the client out.
async fn refuse(mut client: TcpStream, text: &str, refused: &Notify) {
    let code = text.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty()).unwrap_or("0");
    let reply = format!(
        "HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: {code}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    let _ = client.write_all(reply.as_bytes()).await;
    refused.notify_one();
    let mut rest = [0; 4096];
    while client.read(&mut rest).await.is_ok_and(|size| size > 0) {}
}
