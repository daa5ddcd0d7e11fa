"""The pairs of the mock spot market: real tickers, figures derived from their names."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

RECORDED = """
BTC:2:5 ETH:2:4 SOL:2:2 XRP:4:0 DOGE:5:0 TRX:5:1 AVAX:2:2 LINK:3:2 LTC:2:3 PEPE:8:0 SHIB:8:0
NEAR:3:1 UNI:3:2 CAKE:3:2 SUI:4:1 AAVE:2:3 APT:4:2 ARB:4:1 ATOM:3:2 BCH:1:3 BONK:8:0 CRV:4:1
DYDX:3:2 EGLD:2:2 ENS:2:2 ETC:2:2 FET:4:1 FLOKI:8:0 GALA:5:0 HBAR:4:0 ICP:3:2 INJ:3:1 JASMY:6:1
LDO:3:2 MASK:3:1 MKR:0:4 OP:3:2 ORDI:3:2 PENDLE:4:1 RUNE:3:1
"""
KNOWN = """
BNB:365:640 ADA:.56:160 TON:2.4:70 DOT:7.6:95 POL:.92:85 WIF:1.4:190 WLD:4.5:170 TIA:16:150
SEI:.75:140 ENA:.9:120 FIL:6.5:110 STX:2.1:85 JUP:.6:75 RENDER:6:75 STRK:1.9:70 ETHFI:4:66
PYTH:.5:62 BOME:.011:90 NOT:.012:55 MANTA:2.7:52 BLUR:.6:50 ONDO:.6:60 TAO:480:44 AR:14:44
MEME:.027:42 DYM:6.2:41 JTO:2.1:40 SAND:.53:38 XLM:.12:38 THETA:1.5:37 CHZ:.1:36 VET:.036:36
EOS:.8:34 ACE:9:30 IMX:2.3:42 GRT:.2:46 APE:1.7:28 ALGO:.2:28 AXS:8.2:27 MANA:.5:26 ROSE:.12:25
PIXEL:.6:36 PORTAL:2.2:34 ALT:.4:33 AEVO:2.4:32 W:.7:31 AI:1.3:24 XAI:.9:29 ZEC:25:22 SUSHI:1.3:20
NFP:.6:18 NEO:13:19 SUPER:.85:18 IOTA:.27:17 SNX:3.7:17 1INCH:.48:16 ZIL:.025:15 KAVA:.75:14
ARPA:.07:13 COMP:60:13 YFI:8200:12 ENJ:.35:12 XTZ:1.1:12 DASH:31:11 KSM:42:10 QTUM:3.6:10
TURBO:.0012:9 BAT:.26:8 GMX:45:8 TRB:120:24 PAXG:2080:9 WBTC:51500:6 ASTR:.15:14
1000SATS:.0005:40 BTTC:.0000012:3 LUNC:.00013:16 HOT:.0023:7 ANKR:.035:11 PENGU:.02:21
PNUT:.5:26 TRUMP:9:38 VIRTUAL:1.1:24 EIGEN:3:19 ZRO:3.2:17 ASTER:1.2:66 PUMP:.004:48 XPL:.8:30
"""
TAIL = """
0G 1000CAT 1000CHEEMS 1MBABYDOGE 2Z A A2Z ACA ACH ACM ACT ACX ADX AERGO AGLD AIXBT ALCX ALICE ALLO
ALPHA ALPINE AMP ANIME ARDR ARK ARKM ASR AST ATA ATM AUCTION AUDIO AVA AVNT AXL BABY BADGER BAKE
BAL BANANA BANANAS31 BAND BAR BARD BB BEAMX BEL BERA BICO BIFI BIGTIME BIO BLZ BMT BNT BNX BOND
BREV BROCCOLI714 BSW C C98 CATI CELO CELR CETUS CFX CGPT CHESS CHR CITY CKB COMBO COOKIE COS COTI
COW CTK CTSI CTXC CUDIS CVC CVX CYBER D DATA DCR DEGO DENT DEXE DF DGB DIA DODO DOGS DOLO DUSK
EDEN EDU ELF ENSO EPIC ERA ERN EUL F FARM FF FIDA FIO FIRO FIS FLM FLOW FLUX FORM FORTH FTT FUN
FXS G GAS GHST GIGGLE GLM GLMR GMT GNO GNS GPS GTC GUN HAEDAL HEI HEMI HFT HIFI HIGH HIVE HMSTR
HOLO HOME HOOK HUMA HYPER ICX ID IDEX ILV INIT IO IOST IOTX IQ JOE JST JUV KAIA KAITO KDA KERNEL
KITE KMNO KNC KP3R LA LAYER LAZIO LEVER LINA LINEA LISTA LOKA LPT LQTY LRC LSK LTO LUMIA LUNA
MAGIC MAV MBL MBOX MDT ME MERL MET METIS MINA MIRA MITO MLN MMT MORPHO MOVE MOVR MTL MUBARAK
NEIRO NEWT NEXO NIL NKN NMR NOM NTRN NXPC OAX OG OGN OM OMNI ONE ONG ONT OPEN ORCA OSMO OXT PARTI
PEOPLE PERP PHA PHB PIVX PLUME POLYX POND PORTO POWR PROM PROS PROVE PSG PUNDIX PYR QI QKC QNT
QUICK RAD RARE RAY RDNT RED REI REQ RESOLV REZ RIF RLC RONIN RPL RSR RVN S SAGA SAHARA SANTOS
SAPIEN SC SCR SCRT SFP SHELL SIGN SKL SKY SLF SLP SNT SOLV SOMI SOPH SPELL SPK SSV STEEM STG STO
STORJ STRAX SUN SXP SXT SYN SYRUP SYS T TFUEL THE TKO TLM TNSR TOWNS TREE TROY TRU TST TURTLE TUT
TWT UMA UNFI USTC USUAL UTK VANA VANRY VELODROME VIC VIDT VOXEL VTHO WAN WAXP WCT WIN WING WLFI
WOO XEC XEM XNO XVG XVS YB YGG ZBT ZEN ZK ZKC ZRX
ARBA BELO CIRQ DAXO ELMA FENIX GROVE HALO2 IVY JAXO KORAL LUNO MOXI NOVAQ ORYX PELA QUARK RIVA
SOLUM TESSA UMBRA VELA WREN XENA YUMI ZORA2 AMBRA BRIO CLOVA DUNE2 ECHO7 FABLE GALEN HYDRA INKA
JOLT KIRA LOTO MIRO NEXA OPAL PIKO QUIL ROKO SAVA TALO
"""
STABLE = "USDC:1.0:1400 FDUSD:1.0:420 TUSD:1.0:18 DAI:1.0:4"
LEVERAGED = "BTCUP:22:3 BTCDOWN:.018:2.4 ETHUP:14:1.6 ETHDOWN:.011:1.1"
STOPPED = """
SRM:.1:HALT:2024-11-19 WAVES:2.4:BREAK:2024-06-17 XMR:130:BREAK:2024-02-20 OMG:.7:BREAK:2025-02-24
"""
NEW = """
KOSMA:2026-11-21 NIMBO:2026-11-14 TARSI:2026-11-04 VESKA:2026-09-25 ULMO:2026-06-27
币安人生:2025-10-08
"""
CROSSES = {
    "BTC": "ETH BNB SOL XRP ADA LTC LINK AVAX DOT BCH TRX ETC ATOM XLM UNI NEAR AAVE SUI WBTC FIL",
    "ETH": "BNB SOL XRP ADA LINK TRX",
    "BNB": "SOL XRP ADA TRX AVAX LTC DOT CAKE",
    "TRY": """BTC ETH BNB SOL XRP DOGE AVAX ADA PEPE SHIB TRX LINK LTC SUI NEAR ARB FET BONK FLOKI
              DOT WIF JUP CAKE TURBO ARPA HBAR""",
}
SHARE = {"BTC": 0.04, "ETH": 0.01, "BNB": 0.008, "TRY": 0.015}
LIRA = 44.0
FIRST_DAY = {"BTC": "2017-08-17", "ETH": "2017-08-17", "BNB": "2017-11-06", "USDT": "2020-07-07"}


@dataclass(frozen=True, slots=True)
class Blend:
    """Say how a price follows the tape: (recorded pair, power, shift in hours) twice, BTC's power.

    `wick` scales what a candle reaches beyond its body, `pull` is the correlation of the paths
    inside an hour with the market's.
    """

    first: tuple[int, float, int] = (0, 0.0, 0)
    second: tuple[int, float, int] = (0, 0.0, 0)
    bitcoin: float = 0.0
    wick: float = 1.0
    pull: float = 0.75


@dataclass(frozen=True, slots=True)
class Pair:
    """Hold what is fixed about a pair.

    `digits` and `lot` count the decimals of a price and a quantity, `price` is the mean price and
    `turnover` the mean of 24 hours' quote volume, both in the quote asset; `dollar` is what one
    unit of that is worth in USDT. A price of 0 means the recorded pair's own. `parent` names the
    USDT pair whose path a lira pair converts.
    """

    symbol: str
    base: str
    quote: str
    digits: int
    lot: int
    price: float
    turnover: float
    blend: Blend
    listed_ms: int
    seed: int
    dollar: float = 1.0
    parent: str = ""
    status: str = "TRADING"
    stopped_ms: int | None = None
    permissions: tuple[str, ...] = ("SPOT",)

    @property
    def tick(self) -> str:
        """Return the smallest price step as a decimal string."""
        return f"{10.0**-self.digits:.{self.digits}f}"

    @property
    def step(self) -> str:
        """Return the smallest quantity step as a decimal string."""
        return f"{10.0**-self.lot:.{self.lot}f}"


def seed_of(name: str) -> int:
    """Return 64 bits that depend on the name alone."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")


def shares_of(name: str) -> list[float]:
    """Return eight numbers in [0, 1) that depend on the name alone."""
    raw = blake2b(name.encode(), digest_size=16, person=b"shares").digest()
    return [int.from_bytes(raw[i : i + 2], "big") / 65536 for i in range(0, 16, 2)]


def moment(day: str) -> int:
    """Return a listing's or a halt's instant: ten o'clock UTC of the day, in ms."""
    return round(datetime.fromisoformat(day).replace(hour=10, tzinfo=UTC).timestamp() * 1000)


def listing_of(name: str) -> int:
    """Return when a coin was first traded; for most a day of 2018 to 2024 that its name gives."""
    if name in FIRST_DAY:
        return moment(FIRST_DAY[name]) - 10 * 3_600_000
    return moment("2018-01-01") + int(shares_of(name)[7] * 2400) * 86_400_000


def decimals(price: float) -> tuple[int, int]:
    """Return the decimals that a price and a quantity of that worth are quoted with."""
    size = math.floor(math.log10(price))
    return min(max(3 - size, 0), 8), min(max(size + 2, 0), 6)


def blend_of(name: str, most: float = 1.0) -> Blend:
    """Return how a coin that was not recorded follows those that were, one at most to a power."""
    u = shares_of(name)
    first = (1 + int(u[0] * 39), 0.4 + (most - 0.4) * u[1], 24 * int(u[2] * 166))
    return Blend(first, bitcoin=0.2 + 0.9 * u[3], wick=0.75)


def rows(table: str) -> list[list[str]]:
    """Return the fields of a table of `a:b:c` words."""
    return [word.split(":") for word in table.split()]


def dollar_pair(name: str, price: float, turnover: float, **more: object) -> Pair:
    """Return the USDT pair of a coin by its mean price and mean daily turnover in USDT."""
    digits, lot = decimals(price)
    fixed = {"blend": blend_of(name), "listed_ms": listing_of(name), **more}
    symbol = f"{name}USDT"
    return Pair(symbol, name, "USDT", digits, lot, price, turnover, seed=seed_of(symbol), **fixed)


def recorded(means: dict[str, tuple[float, float]]) -> list[Pair]:
    """Return the recorded pairs, in the order of the recording."""
    out = []
    for i, (name, digits, lot) in enumerate(rows(RECORDED)):
        blend = Blend(bitcoin=1.0, pull=1.0) if name == "BTC" else Blend((i, 1.0, 0))
        pair = dollar_pair(name, *means[name], blend=blend, permissions=("SPOT", "MARGIN"))
        out.append(replace(pair, digits=int(digits), lot=int(lot)))
    return out


def invented() -> list[Pair]:
    """Return the USDT pairs that follow the recorded ones."""
    out = []
    for name, price, volume in rows(KNOWN):
        kind = {"permissions": ("SPOT", "MARGIN"), "blend": blend_of(name, 0.6)}
        out.append(dollar_pair(name, float(price), float(volume) * 1e6, **kind))
    for (name,) in rows(TAIL):
        u = shares_of(name)
        out.append(dollar_pair(name, 10 ** (6 * u[4] - 4), 2e4 * 600 ** u[5]))
    for name, day in rows(NEW):
        out.append(dollar_pair(name, 0.3, 2.5e7 * shares_of(name)[4], listed_ms=moment(day)))
    for name, price, status, day in rows(STOPPED):
        kind = {"status": status, "stopped_ms": moment(day), "listed_ms": moment("2020-08-11")}
        out.append(dollar_pair(name, float(price), 4e6, **kind))
    return out


def special() -> list[Pair]:
    """Return the stable coins, which hardly move, the leveraged tokens and the dollar in lira."""
    out = []
    for name, price, volume in rows(STABLE):
        still = Blend((1, 0.0008, 24 * len(out)), pull=0.0)
        pair = dollar_pair(name, float(price), float(volume) * 1e6, blend=still)
        out.append(replace(pair, digits=4, lot=0))
    for name, price, volume in rows(LEVERAGED):
        side = 1.0 if name.endswith("UP") else -1.0
        first = (int(name.startswith("ETH")), 1.6 * side, 0)
        blend = Blend(first, bitcoin=0.3 * side, wick=0.75, pull=0.9 * side)
        kind = {"blend": blend, "permissions": ("LEVERAGED",)}
        out.append(dollar_pair(name, float(price), float(volume) * 1e6, **kind))
    lira = Blend((5, 0.006, 240), bitcoin=-0.003, pull=0.0)
    pair = dollar_pair("USDT", LIRA, 9e7 * LIRA, blend=lira)
    pair = replace(pair, symbol="USDTTRY", quote="TRY", digits=2, lot=0, dollar=1 / LIRA)
    return [*out, replace(pair, seed=seed_of(pair.symbol))]


def cross(coin: Pair, against: Pair, share: float) -> Pair:
    """Return a coin quoted in another one: its path is the quotient of the two in USDT."""
    j, power, shift = against.blend.first
    bitcoin = coin.blend.bitcoin - against.blend.bitcoin
    blend = Blend(coin.blend.first, (j, -power, shift), bitcoin, wick=0.6, pull=0.2)
    symbol, price = coin.base + against.base, coin.price / against.price
    fixed = {"quote": against.base, "price": price, "digits": decimals(price)[0], "blend": blend}
    fixed |= {"turnover": coin.turnover * share / against.price, "dollar": against.price}
    return replace(coin, symbol=symbol, seed=seed_of(symbol), **fixed)


def in_lira(coin: Pair, share: float) -> Pair:
    """Return a coin quoted in lira: the path of its USDT pair times the dollar's rate."""
    price = coin.price * LIRA
    fixed = {"price": price, "digits": decimals(price)[0], "turnover": coin.turnover * share * LIRA}
    return replace(
        coin, symbol=f"{coin.base}TRY", quote="TRY", dollar=1 / LIRA, parent=coin.symbol, **fixed
    )


def listing(means: dict[str, tuple[float, float]]) -> dict[str, Pair]:
    """Return every pair by symbol, the recorded ones first.

    `means` gives the recorded coins' mean price and mean daily turnover in USDT.
    """
    dollars = [*recorded(means), *invented(), *special()]
    by_coin = {pair.base: pair for pair in dollars}
    out = {pair.symbol: pair for pair in dollars}
    for quote, names in CROSSES.items():
        for name in names.split():
            coin = by_coin[name]
            one = (
                in_lira(coin, SHARE[quote])
                if quote == "TRY"
                else cross(coin, by_coin[quote], SHARE[quote])
            )
            out[one.symbol] = one
    return out
