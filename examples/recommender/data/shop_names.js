// What the made-up shop sells: product kinds by category, and the styles they come in.

export const CATEGORIES = {
  Kitchen: ['Pepper Mill', 'Chopping Board', 'Mixing Bowl', 'Skillet', 'Whisk', 'Bread Knife'],
  Coffee: ['Espresso Cup', 'Pour-Over Kettle', 'Coffee Grinder', 'Milk Jug', 'Dripper', 'Canister'],
  Baking: ['Cake Tin', 'Rolling Pin', 'Pie Dish', 'Cookie Cutter', 'Proving Basket', 'Icing Set'],
  Garden: ['Watering Can', 'Plant Pot', 'Hand Trowel', 'Seed Tray', 'Bird Feeder',
    'Pruning Shears'],
  Camping: ['Lantern', 'Camp Stool', 'Enamel Mug', 'Sleeping Mat', 'Fire Striker', 'Dry Bag'],
  Cycling: ['Bicycle Bell', 'Saddle Bag', 'Bottle Cage', 'Rear Light', 'Tyre Lever Set', 'Pannier'],
  Running: ['Running Belt', 'Hydration Flask', 'Headband', 'Reflective Vest', 'Arm Band',
    'Foam Roller'],
  Nursery: ['Night Light', 'Cot Mobile', 'Baby Blanket', 'Stacking Rings', 'Rattle',
    'Growth Chart'],
  Toys: ['Building Blocks', 'Train Set', 'Puzzle', 'Kite', 'Marble Run', 'Puppet'],
  Stationery: ['Notebook', 'Fountain Pen', 'Desk Calendar', 'Pencil Case', 'Letter Opener',
    'Ruler'],
  Art: ['Sketchbook', 'Watercolour Set', 'Brush Roll', 'Easel', 'Pastel Box', 'Palette'],
  Lighting: ['Desk Lamp', 'Candle Holder', 'String Lights', 'Wall Sconce', 'Floor Lamp',
    'Lampshade'],
  Textiles: ['Cushion', 'Throw', 'Tea Towel', 'Table Runner', 'Bath Mat', 'Curtain Tie'],
  Bath: ['Soap Dish', 'Bath Brush', 'Toothbrush Cup', 'Towel Rail', 'Mirror', 'Laundry Basket'],
  Audio: ['Headphone Stand', 'Record Crate', 'Speaker', 'Turntable Mat', 'Earbud Case', 'Radio'],
  Travel: ['Passport Holder', 'Luggage Tag', 'Packing Cube', 'Neck Pillow', 'Wash Bag',
    'Weekender'],
  Pets: ['Dog Collar', 'Cat Bowl', 'Pet Bed', 'Lead', 'Treat Jar', 'Grooming Brush'],
  Party: ['Bunting', 'Paper Lantern', 'Cake Topper', 'Balloon Kit', 'Drinks Tray', 'Photo Garland'],
  Tools: ['Screwdriver Set', 'Tape Measure', 'Tool Roll', 'Spirit Level', 'Claw Hammer',
    'Hand Plane'],
  Games: ['Chess Set', 'Playing Cards', 'Dice Tower', 'Backgammon Board', 'Dominoes', 'Card Box'],
};

export const STYLES = ['Walnut', 'Copper', 'Linen', 'Terracotta', 'Brass', 'Bamboo', 'Marble',
  'Retro Red', 'Nordic Grey', 'Sky Blue', 'Forest Green', 'Striped', 'Floral', 'Matte Black',
  'Recycled', 'Vintage', 'Pastel', 'Leather', 'Cork', 'Glass'];

export const AGES = ['18-24', '25-34', '35-44', '45-54', '55-64', '65+'];
export const HOUSEHOLDS = ['single', 'couple', 'family', 'shared'];
export const REGIONS = ['north', 'south', 'east', 'west', 'islands'];
export const INCOMES = ['low', 'middle', 'high'];
