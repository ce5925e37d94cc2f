// Questions to the daemon: one function, one error with the daemon's own sentence.

export async function ask(path, body, method) {
  const request = { method: method || (body === undefined ? "GET" : "POST"), headers: {} };
  if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, request);
  } catch {
    throw new Error("the daemon does not answer; is it still running?");
  }
  if (answer.status === 401) {
    location.replace("/sign-in");
    throw new Error("signed out");
  }
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}
