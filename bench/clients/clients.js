// One call by one client, in the folder of photo.jpg: node clients.js CLIENT URL KEY SIZE FORMAT
const fs = require("fs");
const [client, url, key, size, format] = process.argv.slice(2);

function form() {
  const form = new (require("form-data"))();
  form.append("size", size);
  form.append("format", format);
  form.append("image_file", fs.createReadStream("photo.jpg"), "photo.jpg");
  return form;
}

const clients = {
  "remove.bg": () =>
    require("remove.bg").removeBackgroundFromImageFile({ path: "photo.jpg", apiKey: key, size, outputFile: "no-bg" }),
  "removebg-wrapper": () => require("removebg-wrapper").rbFromImageFile("photo.jpg", key),
  // As remove.bg's documentation uses it: any status of success, and the body goes to a file.
  async axios() {
    const body = form();
    const headers = { ...body.getHeaders(), "X-Api-Key": key };
    const response = await require("axios").post(url, body, { responseType: "arraybuffer", headers });
    fs.writeFileSync("no-bg", response.data);
  },
  // The form is a stream of unknown length, so the request is chunked.
  async "node-fetch"() {
    const response = await require("node-fetch")(url, { method: "POST", headers: { "X-Api-Key": key }, body: form() });
    if (!response.ok) throw new Error(await response.text());
    fs.writeFileSync("no-bg", await response.buffer());
  },
};

clients[client]().catch((error) => {
  console.error(error.response ? String(error.response.data) : error);
  process.exitCode = 1;
});
