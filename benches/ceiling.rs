//! The ceiling of every read over HTTP: the same framework, build and machine, answering the same bytes from memory.
//! `ceiling --listen ADDRESS --body FILE`
use actix_web::{App, HttpResponse, HttpServer, rt, web};
use holdfast as _; // for its allocator

fn argument(name: &str) -> std::io::Result<String> {
    let missing = || std::io::Error::other(format!("{name} is missing"));
    std::env::args().skip_while(|argument| argument != name).nth(1).ok_or_else(missing)
}

fn main() -> std::io::Result<()> {
    let body = web::Bytes::from(std::fs::read(argument("--body")?)?);
    let serve = move || {
        let body = body.clone();
        let answer = move || {
            let body = body.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(body) }
        };
        App::new().default_service(web::to(answer))
    };
    let listen = argument("--listen")?;
    rt::System::new().block_on(async move { HttpServer::new(serve).bind(listen)?.workers(2).run().await })
}
