"""New York's volunteer opportunities (QIAO_NEW_YORK: the data set's file) as needs of a market."""
import os

from harness import SIM, Case, main, run


class NewYork(Case):
    def test_new_yorks_opportunities_get_ranked_and_claimed(self):
        out = os.path.join(self.folder, "ny")
        run(SIM, "newyork", os.environ["QIAO_NEW_YORK"], "--out", out, "--quiet")
        s = self.server("--load", out + "/history.jsonl", "--policy", out + "/policy.json")
        self.assertEqual(s.get("/v1/policy")["timeZone"], "America/New_York")
        needs, token = [], ""
        while True:
            page = s.get("/v1/needs?pageSize=500" + (f"&pageToken={token}" if token else ""))
            needs += page["needs"]
            token = page.get("nextPageToken")
            if not token:
                break
        self.assertEqual(len(needs), 665)
        self.assertGreater(len([n for n in needs if n["state"] == "NEED_STATE_FILLED"]), 100)
        open_need = next(
            n
            for n in needs
            if n["state"] == "NEED_STATE_OPEN"
            and s.get(f"/v1/needs/{n['id']}/lines/1/candidates").get("pairs")
        )
        pair = s.get(f"/v1/needs/{open_need['id']}/lines/1/candidates")["pairs"][0]
        claimed = s.post(
            "/v1/matches:claim",
            {"needId": open_need["id"], "offerId": pair["offerId"]},
            headers={"Qiao-Actor": f"supplier/{pair['partyId']}"},
        )
        self.assertEqual(claimed["state"], "MATCH_STATE_ACCEPTED")


if __name__ == "__main__":
    main()
