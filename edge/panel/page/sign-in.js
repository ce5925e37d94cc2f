// Takes the token from the scanned address or from the keyboard; the address never keeps it.

const form = document.querySelector("#form");
const field = document.querySelector("#token");
const said = document.querySelector("#said");

async function enter(token) {
  said.textContent = "";
  try {
    const answer = await fetch("/sign-in", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    said.textContent = (await answer.json()).error;
  } catch {
    said.textContent = "The daemon does not answer. Is it running, and is this phone in the same network?";
  }
  field.focus();
  field.select();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  enter(field.value);
});

const scanned = decodeURIComponent(location.hash.slice(1));
if (scanned) {
  history.replaceState(null, "", "/sign-in"); // out of the history and the address bar
  field.value = scanned;
  enter(scanned);
}
