package samples

const readme = `# Acme shop

The shop of Acme, as small as it can be.
`

const source = `import { request } from "@lumen/http";
import { createRouter } from "harbor-router";
import { format } from "money-parts";
import { log } from "tidy-log";

const router = createRouter();

router.get("/orders/:id", async ({ id }) => {
  const order = await request("/api/orders/" + id);
  log.info("order", id);
  return format(order.total);
});

export default router;
`

// strictPolicy is the policy file at the tip of main: what it says are the
// defaults.
const strictPolicy = `version: 1
mode: enforce
on_unknown: fail
rules:
  provenance-lost: error
  publisher-lost: error
`

// lenientPolicy is what the author of policy-edited would like it to be.
const lenientPolicy = `version: 1
mode: enforce
on_unknown: fail
rules:
  provenance-lost: off
  publisher-lost: off
`
