"""Which ImageNet class each photograph among the stamps shows, assigned by eye from the name and the picture."""

IMAGENET_CLASSES = {
    "animals/amphibians/frog": 30,  # bullfrog
    "animals/amphibians/frog-1": 31,  # tree frog
    "animals/birds/albino_peahen": 84,  # peacock
    "animals/birds/chicken_profile": 8,  # hen
    "animals/birds/drake": 97,  # drake
    "animals/birds/gander": 99,  # goose
    "animals/birds/hen": 8,  # hen
    "animals/birds/heron_greatblue": 131,  # little blue heron
    "animals/birds/little-penguin": 145,  # king penguin
    "animals/birds/magellanic_penguin": 145,  # king penguin
    "animals/birds/magpie": 18,  # magpie
    "animals/birds/ostrich": 9,  # ostrich
    "animals/birds/peacock": 84,  # peacock
    "animals/birds/pelican": 144,  # pelican
    "animals/birds/penguin": 145,  # king penguin
    "animals/birds/pink_flamingo": 130,  # flamingo
    "animals/birds/rainbow-lorikeet": 90,  # lorikeet
    "animals/birds/rooster": 7,  # cock
    "animals/birds/tucan": 96,  # toucan
    "animals/birds/vulture": 23,  # vulture
    "animals/fish/clownfish": 393,  # anemone fish
    "animals/fish/lionfish": 396,  # lionfish
    "animals/fish/lobster": 122,  # American lobster
    "animals/insects/Brown_slug": 114,  # slug
    "animals/insects/Woodlouse": 126,  # isopod
    "animals/insects/bee": 309,  # bee
    "animals/insects/fly": 308,  # fly
    "animals/insects/grasshopper": 311,  # grasshopper
    "animals/insects/mantis": 315,  # mantis
    "animals/lizards/iguana": 39,  # common iguana
    "animals/mammals/apes/chimp": 367,  # chimpanzee
    "animals/mammals/apes/gorilla": 366,  # gorilla
    "animals/mammals/aquatic/orca": 148,  # killer whale
    "animals/mammals/aquatic/otter": 360,  # otter
    "animals/mammals/aquatic/sea_lion": 150,  # sea lion
    "animals/mammals/aquatic/whale": 147,  # grey whale
    "animals/mammals/badger": 362,  # badger
    "animals/mammals/bears/bear": 294,  # brown bear
    "animals/mammals/bears/european-bear": 294,  # brown bear
    "animals/mammals/bears/toys/edward_bear": 850,  # teddy
    "animals/mammals/bovines/bison": 347,  # bison
    "animals/mammals/bovines/bull": 345,  # ox
    "animals/mammals/bovines/cow": 345,  # ox
    "animals/mammals/bovines/cow_white": 345,  # ox
    "animals/mammals/bovines/mountaingoat": 350,  # ibex
    "animals/mammals/bovines/ram": 348,  # ram
    "animals/mammals/bovines/sheep": 348,  # ram
    "animals/mammals/bovines/zebu": 345,  # ox
    "animals/mammals/camel/camel": 354,  # Arabian camel
    "animals/mammals/camel/dromedary": 354,  # Arabian camel
    "animals/mammals/cats/lion": 291,  # lion
    "animals/mammals/cats/lion-2": 291,  # lion
    "animals/mammals/cats/tiger": 292,  # tiger
    "animals/mammals/cats/tiger_sumatran": 292,  # tiger
    "animals/mammals/dogs/dingo": 273,  # dingo
    "animals/mammals/dogs/fox": 277,  # red fox
    "animals/mammals/echidna": 102,  # echidna
    "animals/mammals/elephant": 385,  # Indian elephant
    "animals/mammals/equines/horse": 339,  # sorrel
    "animals/mammals/equines/zebra": 340,  # zebra
    "animals/mammals/ferret": 359,  # black-footed ferret
    "animals/mammals/hedgehog": 334,  # porcupine
    "animals/mammals/hippopotamus": 344,  # hippopotamus
    "animals/mammals/pig": 341,  # hog
    "animals/mammals/pig_golden": 341,  # hog
    "animals/mammals/pig_golden2": 341,  # hog
    "animals/mammals/rabbit_little": 330,  # wood rabbit
    "animals/mammals/rodents/beaver": 337,  # beaver
    "animals/mammals/rodents/marmot": 336,  # marmot
    "animals/mammals/rodents/rabbit": 330,  # wood rabbit
    "animals/mammals/rodents/rabbit-2": 331,  # hare
    "animals/mammals/rodents/squirrel": 335,  # fox squirrel
    "animals/mammals/wildboar": 342,  # wild boar
    "animals/marsupials/kangaroo": 104,  # wallaby
    "animals/marsupials/koala": 105,  # koala
    "animals/marsupials/wombat": 106,  # wombat
    "clothes/hats/sombrero": 808,  # sombrero
    "clothes/t_jacket": 474,  # cardigan
    "clothes/t_pants": 608,  # jean
    "clothes/t_sock": 806,  # sock
    "food/fruit/Strawberry2": 949,  # strawberry
    "food/fruit/apple_granny_smith": 948,  # Granny Smith
    "food/fruit/apple_green": 948,  # Granny Smith
    "food/fruit/banana": 954,  # banana
    "food/fruit/cherimoya": 956,  # custard apple
    "food/fruit/lemon": 951,  # lemon
    "food/fruit/mandarine": 950,  # orange
    "food/fruit/orange": 950,  # orange
    "food/fruit/orange_seville": 950,  # orange
    "food/fruit/pineapple": 953,  # pineapple
    "food/fruit/pomegranate": 957,  # pomegranate
    "food/fruit/sliced_orange": 950,  # orange
    "food/fruit/strawberry": 949,  # strawberry
    "food/pizza": 963,  # pizza
    "food/vegetables/broccoli": 937,  # broccoli
    "food/vegetables/corn": 987,  # corn
    "food/vegetables/lettuce": 936,  # head cabbage
    "food/vegetables/mushroom": 947,  # mushroom
    "food/vegetables/pepper": 945,  # bell pepper
    "food/vegetables/yellowpepper": 945,  # bell pepper
    "hobbies/binoculars": 447,  # binoculars
    "hobbies/camera_35mm": 759,  # reflex camera
    "hobbies/music/brass/trumpet": 513,  # cornet
    "hobbies/music/percussion/drum_tomtom_floor": 541,  # drum
    "hobbies/music/percussion/drumkit": 541,  # drum
    "hobbies/music/string/cello": 486,  # cello
    "hobbies/music/string/guitar2": 402,  # acoustic guitar
    "hobbies/music/string/guitar_classical": 402,  # acoustic guitar
    "hobbies/music/string/guitar_electric": 546,  # electric guitar
    "hobbies/music/string/guitar_electric_bass": 546,  # electric guitar
    "hobbies/music/string/violin": 889,  # violin
    "hobbies/music/wind/bassoon": 432,  # bassoon
    "household/arttools/pen_dryerase": 418,  # ballpoint
    "household/dishes/mug": 504,  # coffee mug
    "household/dishes/pitcher_small": 725,  # pitcher
    "household/dishes/teapot": 849,  # teapot
    "household/garbagecan": 412,  # ashcan
    "household/kettle": 849,  # teapot
    "household/toilet": 861,  # toilet seat
    "household/tools/hammer": 587,  # hammer
    "household/tools/paintbrush_large": 696,  # paintbrush
    "household/tools/spade": 792,  # shovel
    "household/wheelie_bin": 412,  # ashcan
    "medical/bandage_adhesive": 419,  # Band Aid
    "medical/stethoscope": 823,  # stethoscope
    "medical/syringe": 845,  # syringe
    "military/ammunition/old_naval_shell": 744,  # projectile
    "military/paratrooper": 701,  # parachute
    "military/vehicles/bradley": 847,  # tank
    "military/vehicles/bradley_mirror": 847,  # tank
    "military/vehicles/f22_raptor": 895,  # warplane
    "military/vehicles/infantry-stryker": 847,  # tank
    "military/vehicles/ww2_german_gun": 471,  # cannon
    "plants/lettuce_bolted": 936,  # head cabbage
    "plants/mushrooms/cep": 997,  # bolete
    "plants/mushrooms/cep-1": 997,  # bolete
    "plants/mushrooms/cep-2": 997,  # bolete
    "seasonal/candle": 470,  # candle
    "seasonal/christmas/stocking": 496,  # Christmas stocking
    "seasonal/easter/bluebird": 14,  # indigo bunting
    "seasonal/halloween/jackolantern_mean": 607,  # jack-o'-lantern
    "sports/basketball": 430,  # basketball
    "sports/rugby_goal_posts": 733,  # pole
    "sports/soccer": 805,  # soccer ball
    "sports/tennis_ball": 852,  # tennis ball
    "sports/tennis_racket": 752,  # racket
    "town/usps_mailbox": 637,  # mailbox
    "vehicles/7spoke256": 479,  # car wheel
    "vehicles/auto/sportscar2": 817,  # sports car
    "vehicles/cycle/pink_tricycle": 870,  # tricycle
    "vehicles/emergency/firetruck": 555,  # fire engine
    "vehicles/emergency/sedan_police": 734,  # police van
    "vehicles/emergency/sedan_police_mirror": 734,  # police van
    "vehicles/flight/balloon360": 417,  # balloon
    "vehicles/flight/planes/747": 404,  # airliner
    "vehicles/garbagetruck": 569,  # garbage truck
    "vehicles/race/indycar": 751,  # racer
    "vehicles/ship/chineseJunk": 780,  # schooner
    "vehicles/wheel_tractor": 866,  # tractor
}
"""Path below the folder of stamps, without its suffix → class 0 … 999. The others show no such class."""
